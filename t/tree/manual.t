#!/bin/sh
# manual.t - the manual pages are correct mdoc.
. "${0%/*}/../lib/tap.sh"
command -v mandoc >/dev/null || skip_all 'no mandoc here'
cd "$FEDX_SRC/share/man" || exit 1

set -- ./*.[1-9]
test -f "$1" || skip_all 'no manual pages yet'
for f
do
	ok "${f#./}: no warning" mandoc -Tlint -Wwarning "$f"
done
done_testing
