#!/bin/sh
# textstat.sh - a service: statistics of a text.  One process a request, its text on stdin.
#
#	fedx-probe serve textstat --methods 'lines words bytes longest file' -P 8 -- sh textstat.sh
#	fedx-probe call -0 textstat longest <README.md
#	sh aslines.sh src/*/*.c | fedx-probe call -P 16 textstat file - | sort -rn -k 2 | head
#
# file: the text is one line as aslines.sh makes it, and so is the answer: name, lines,
# words, bytes and the longest line, tabs between.
LC_ALL=C
export LC_ALL

case ${FEDX_METHOD-} in
lines)	exec wc -l ;;
words)	exec wc -w ;;
bytes)	exec wc -c ;;
longest)
	exec awk 'length > n { n = length } END { print n + 0 }' ;;
file)
	exec awk '
		BEGIN { RS = "\036"; OFS = "\t" }
		NR == 1 { tab = index($0, "\t"); name = substr($0, 1, tab - 1); $0 = substr($0, tab + 1) }
		{ words += NF; bytes += length + 1; if (length > longest) longest = length }
		END { print name, NR, words + 0, bytes + 0, longest + 0 }' ;;
*)
	echo "textstat has lines, words, bytes, longest and file, not '${FEDX_METHOD-}'" >&2
	exit 64 ;;
esac
