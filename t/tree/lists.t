#!/bin/sh
# lists.t - the lists of Makefile.in name each source once, and nothing else.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC" || exit 1

listed=$(sed -n '/^BASE/,/^PROGRAMS/p' Makefile.in | tr -s ' \t\\=' '\n' | grep '^src/' | sed 's/o$/c/' | LC_ALL=C sort)
there=$(for f in src/*/*.c; do echo "$f"; done | grep -v '/main\.c$' | LC_ALL=C sort)
is "$listed" "$there" 'every .c of src but the mains is in a list of Makefile.in, once'
is "$(grep -L 'LLVMFuzzerTestOneInput' t/fuzz/*.c)" '' 'each t/fuzz/*.c is a fuzz target or runs one'
is "$(for t in t/*/*.t; do test -x "$t" || echo "$t"; done)" '' 'every test can be executed'
done_testing
