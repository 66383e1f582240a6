#!/bin/sh
# policy-cookbook.t - each policy of the cookbook passes its tests, and they would notice if it did not work.
. "${0%/*}/../lib/tap.sh"
command -v fedx-route >/dev/null || skip_all 'fedx-route is not built'
cd "$FEDX_SRC/share/examples/policies" || exit 1

# Each line that decides something is made wrong, one at a time: a test has to fail.
mutants() {	# mutants DIRECTORY TO: a directory below TO for each; prints its number and the line
	perl - "$1" "$2" <<-'END'
		my ($from, $to) = @ARGV;
		open my $f, '<', "$from/policy.lua" or die;
		my @line = <$f>;
		my $n = 0;
		for my $i (grep { $line[$_] !~ /^\s*--/ } 0 .. $#line) {
			my @wrong = @line;
			for ($wrong[$i]) {
				s/\bif .* then/if false then/ || s/fedx\.deny(?:\{.*\}|\(".*?"\))/fedx.allow()/ ||
				    s/fedx\.allow\(\)/fedx.deny()/ || s/fedx\.via\("/fedx.via("not-/ ||
				    s/return (?!nil\b).*[^{,(]$/return nil/ || last;
			}
			next if $wrong[$i] eq $line[$i];
			$n++;
			system 'cp', '-R', $from, "$to/$n";
			open my $g, '>', "$to/$n/policy.lua" or die;
			print $g @wrong;
			print "$n\t", $i + 1, "\n";
		}
	END
}
survivors() {	# of DIRECTORY: changed lines that no test has noticed
	mkdir "$FEDX_RUN/$1"
	mutants "$1" "$FEDX_RUN/$1" >"$FEDX_RUN/mutants"
	while IFS='	' read -r n line
	do ! fedx-route test "$FEDX_RUN/$1/$n" >/dev/null 2>&1 || echo "$line"
	done <"$FEDX_RUN/mutants"
}

count=0
for policy in */
do
	policy=${policy%/} count=$((count + 1))
	ok "$policy: its tests pass" fedx-route test "$policy"
	ok "$policy: it loads" fedx-route -c "$policy" -t
	is "$(survivors "$policy" | tr '\n' ' ')" '' "$policy: each line that is wrong fails a test"
	ok "$policy: there are such lines" test -s "$FEDX_RUN/mutants"
	like "$(sed -n 1p "$policy/policy.lua")" '^-- [A-Z].{20,90}\.$' "$policy: it says first what it is for"
done
ok 'the cookbook has seventeen' test "$count" -ge 17
done_testing
