#!/bin/sh
# operating.t - what the page on operating shows works as it is printed.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
. "${0%/*}/../lib/page.sh"
page_run "$FEDX_SRC/share/doc/operating.md" operating
ok 'the page has not lost its blocks' test "$blocks" -ge 6
ok 'it leaves no node behind' not fedx-probe -r "$FEDX_RUN/operating/operating/run-bolt" ping
done_testing
