#!/bin/sh
# shell.t - every script is plain POSIX sh, as shellcheck sees it.
. "${0%/*}/../lib/tap.sh"
command -v shellcheck >/dev/null || skip_all 'no shellcheck here'
cd "$FEDX_SRC" || exit 1

for f in configure bin/check bin/quickstart bin/*.sh .ci/run t/lib/*.sh t/*/*.t share/examples/*.sh share/examples/*/*.sh
do
	test -f "$f" || continue
	head -n 1 "$f" | grep -q '^#!.*sh$\|^# .*\.sh' || continue	# a test built in the tree is a program
	# 1091: sourced files are checked by themselves; 2034, 2154: what tap.sh sets and reads
	ok "$f" shellcheck -s sh -S warning -e SC1091,SC2034,SC2154 "$f"
done
done_testing
