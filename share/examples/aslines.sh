#!/bin/sh
# aslines.sh FILE... - each text file as one line, for textstat.sh: its name, a tab, and
# the text with its newlines turned into ASCII record separators (octal 036).
for file
do
	printf '%s\t' "$file"
	tr '\n' '\036' <"$file" || exit
	echo
done
