#!/bin/sh
# replay.t - every fuzz target still accepts every file of its corpus.
. "${0%/*}/../lib/tap.sh"

set -- "$FEDX_BUILD"/t/fuzz/*.replay
test -x "$1" || skip_all 'no replay programs here; make replays'
for target
do
	name=${target##*/} name=${name%.replay}
	set -- "$FEDX_SRC/t/fuzz/corpus/$name"/*
	if test -f "$1"
	then ok "$name: all of its corpus" "$target" "$@"
	else not_ok "$name has a corpus in t/fuzz/corpus/$name"
	fi
done
done_testing
