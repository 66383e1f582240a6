#!/bin/sh
# shells.t - configure and dist mean the same to every shell.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
unset CC CFLAGS CPPFLAGS LDFLAGS LIBS

n=0 first=''
for shell in dash 'busybox sh' mksh ksh yash bash 'bash --posix' 'zsh --emulate sh'
do
	command -v "${shell%% *}" >/dev/null || { skip "${shell%% *} is not installed"; continue; }
	n=$((n + 1))
	mkdir b
	# shellcheck disable=SC2086	# words
	ok "configure under $shell" sh -c 'cd b && shell=$1 src=$2 && exec $shell "$src/configure" -q --prefix="/opt/a b/f" --with-user=x' - \
		"$shell" "$FEDX_SRC"
	said=$(cd b && cat config.h config.mk rules.mk Makefile)
	test -n "$first" || first=$said
	is "$(printf '%s\n' "$said" | cksum)" "$(printf '%s\n' "$first" | cksum)" '... writes the same'
	# shellcheck disable=SC2086
	like "$($shell "$FEDX_SRC/configure" --nonsense 2>&1; echo "status $?")" '^status 64$' '... and refuses the same'
	# shellcheck disable=SC2086
	for program in quickstart check
	do like "$($shell "$FEDX_SRC/bin/$program" --help 2>&1)" "^usage: bin/$program" "... and $program explains itself"
	done
	rm -rf b
done
ok 'some shells are here' test "$n" -ge 2
done_testing
