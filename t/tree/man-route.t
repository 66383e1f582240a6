#!/bin/sh
# man-route.t - fedx-route(8) has all that the source has, and nothing else.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC" || exit 1
page=share/man/fedx-route.8 src=src/route

sorted() { LC_ALL=C sort -u; }
items() {	# items SECTION: the .It lines of one section
	awk -v section="$1" '/^\.Sh / { on = $0 == ".Sh " section } on && /^\.It / { sub(/^\.It /, ""); print }' $page
}
no_reload() {	# no_reload SECTION: items that do not say default and reload
	awk -v section="$1" '
		function over() {
			if (item != "" && text !~ /default: .*reload: (yes|restart)( |$)/)
				print item
			item = text = ""
		}
		/^\.(Sh|It|El)/ { over() }
		/^\.Sh / { on = $0 == ".Sh " section }
		on && /^\.It / { item = $0; next }
		item != "" { text = text " " $0 }' $page
}
options=$(sed -n "s/^	{ '\(.\)', *\"\([a-z-]*\)\",.*/Fl \1 , Fl -\2/p; s/^	{ 0, *\"\([a-z-]*\)\",.*/Fl -\1/p" $src/options.c | sorted)
ok 'options were found' test "$(echo "$options" | wc -l)" -ge 10
is "$(items OPTIONS | sed 's/ Ar .*//' | sorted)" "$options" 'the options of options.c'
is "$(no_reload OPTIONS | grep -Ev -e '-(set|check|version|help)( |$)')" '' 'each has its default and what a change takes'
is "$(items SETTINGS | sed 's/^Cm //' | sorted)" "$(sed -n 's/^	{ "\([a-z.]*\)",.*offsetof.*/\1/p' $src/options.c | sorted)" 'the settings'
is "$(no_reload SETTINGS)" '' 'each has its default and what a change takes'
for section in 'EXIT STATUS' ENVIRONMENT FILES SIGNALS EXAMPLES 'SEE ALSO'
do ok "it has $section" grep -qx "\\.Sh $section" $page
done
is "$(items SIGNALS | tr -d ' ,' | tr '\n' ' ')" 'HUP USR1 USR2 TERMINT QUIT PIPE ' 'the signals'
is "$(items ENVIRONMENT | sed 's/^Ev //; s/ , /\
/g' | sorted)" \
	"$(cat $src/*.c src/policy/*.c src/node/rundir.c src/node/supervisor.c src/base/log.c |
		perl -ne 'print "$1\n" while /getenv\("(\w+)"\)/g' | sorted)" 'the environment'
is "$(items LOG | sed 's/^Cm //; s/ , /\
/g' | sorted)" "$(cat $src/*.c | perl -0777 -ne '
	print "$1\n" while /\blog_event\([^",;]*,\s*"([a-z_]+)"/g;
	print "$1\n" while /"(policy_[a-z]+)"/g; print "$1\n" while /event=([a-z]+) /g' | sorted)" 'the events of the log'
done_testing
