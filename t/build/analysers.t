#!/bin/sh
# analysers.t - gcc's and cppcheck find nothing, but for what they are known to guess wrong here.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC" || exit 1
lua=$(sed -n 's/^LIB_CFLAGS = //p' "$FEDX_BUILD/config.mk")

# What only a list of ours or a struct of a library's holds is lost to it, or freed twice; and that
# an empty text (NULL, 0) is read.  The sanitizers see both in every test.
guesses='base/list.h:.*use after|analyzer-(malloc-leak|(possible-)?null-argument|null-dereference|use-of-uninitialized-value)'
if command -v gcc >/dev/null && gcc -fanalyzer -E -x c /dev/null >/dev/null 2>&1
then
	# shellcheck disable=SC2086	# words
	for f in src/*/*.c
	do gcc -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -fanalyzer -Isrc -I"$FEDX_BUILD" $lua -c "$f" -o "$FEDX_RUN/o"
	done >"$FEDX_RUN/gcc" 2>&1
	ok 'gcc has compiled it all' test -s "$FEDX_RUN/o"
	is "$(grep -E 'warning: |error: ' "$FEDX_RUN/gcc" | grep -Ev "$guesses")" '' 'its analyser finds nothing'
else skip 'gcc has no analyser here'
fi

if command -v cppcheck >/dev/null
then
	# varFuncNullUB		NULL is a pointer on every POSIX system
	# internalAstError	it cannot read a literal of a struct behind ?
	# funcArgOrderDifferent	arguments have no names in our headers where the type says it
	# memleak		what only a struct of the caller's holds
	# the others		it takes one test for NULL as a proof that NULL comes everywhere
	set --
	for id in varFuncNullUB internalAstError funcArgOrderDifferent memleak missingIncludeSystem \
		nullPointer nullPointerRedundantCheck nullPointerArithmeticRedundantCheck ctunullpointer \
		ctuuninitvar uninitvar
	do set -- "$@" "--suppress=$id"
	done
	cppcheck --std=c11 --enable=warning,portability,performance --quiet --inline-suppr "$@" \
		--template='{file}:{line}: {message} [{id}]' -Isrc -I"$FEDX_BUILD" src >"$FEDX_RUN/cppcheck" 2>&1
	is "$(grep '\]$' "$FEDX_RUN/cppcheck")" '' 'cppcheck finds nothing'
else skip 'cppcheck is not installed'
fi
done_testing
