#!/bin/sh
# probe-output.t - lists for programs: tabs, JSON lines, no header, no chatter.
. "${0%/*}/../lib/tap.sh"

tab=$(printf '\t')
known() { fedx-probe -H services | grep -q "^$1$tab"; }
start fedx-hub -i here.test -l 127.0.0.1:0
ok 'the node is ready'	wait_ready "$log"
start fedx-probe serve wc --methods 'count lines' --version 1.0.0 -- wc
ok 'a service'		eventually known wc
start fedx-probe serve desk@here.test -- cat
await sh -c 'fedx-probe -H endpoints | grep -q desk'

json() {	# every line is one object with "v":1 first
	perl -MJSON::PP -ne '
		/^\{"v":1[,}]/ or die "not v first: $_";
		ref(decode_json($_)) eq "HASH" or die; $n++;
		END { exit 1 unless $n }'
}
for verb in links services endpoints version 'ping' 'ping desk@here.test' 'trace here.test' 'trace desk@here.test'
do
	# shellcheck disable=SC2086
	tsv=$(fedx-probe $verb)
	like "$tsv" "^[a-z_]+(${tab}[a-z_]+)+\$" "$verb: a header of words between tabs"
	is "$(printf '%s\n' "$tsv" | awk -F '\t' '{ print NF }' | sort -u | wc -l | tr -d ' ')" 1 "$verb: every line has as many fields"
	# shellcheck disable=SC2086
	is "$(fedx-probe -H $verb | wc -l)" "$(($(printf '%s\n' "$tsv" | wc -l) - 1))" "$verb: -H leaves the header out"
	# shellcheck disable=SC2086
	fedx-probe -j $verb >"$FEDX_RUN/json"
	ok "$verb: -j is JSON lines"	json <"$FEDX_RUN/json"
done
like "$(fedx-probe -H services)" "^wc${tab}1.0.0${tab}.*${tab}count lines${tab}" 'a list of words in one field'
like "$(fedx-probe services -j)" '"methods":\["count","lines"\]' '-j passes on what the node says, also behind the verb'
fedx-probe -j call nothing m 2>"$FEDX_RUN/json" >/dev/null
ok '-j: an error is JSON too'	json <"$FEDX_RUN/json"
like "$(cat "$FEDX_RUN/json")" '"status":1' 'with the exit status'
like "$(fedx-probe -j call a 2>&1)" '^\{"v":1,"status":64' 'also for a wrong command line'
is "$(fedx-probe -q call --trace wc count x 2>&1 >/dev/null)" '' '-q silences warnings'
like "$(fedx-probe -q call nothing m 2>&1)" 'no_route' 'but not errors'
esc=$(printf '\033')
is "$(fedx-probe links | grep -c "$esc")" 0 'no colour in a pipe'
like "$(CLICOLOR_FORCE=1 fedx-probe links)" "$esc" 'unless it is forced'
is "$(CLICOLOR_FORCE=1 NO_COLOR=1 fedx-probe links | grep -c "$esc")" 0 'NO_COLOR wins'
ok '-h is help'			fedx-probe -h
ok 'of a verb, too'		fedx-probe call -h
short() { test "$(fedx-probe -h | wc -l)" -le 24; }
ok 'and fits a screen'		short
is "$(fedx-probe -h 2>&1 >/dev/null)" '' 'on standard output'
is "$(fedx-probe -V)" "fedx-probe $(cat "$FEDX_SRC/VERSION")" '-V'
like "$(fedx-probe -H version)" "^fedx-probe$tab" 'version: ours'
like "$(fedx-probe -H version)" "${tab}here.test$tab" 'and that of the node'
ok 'version without a node'	fedx-probe -r "$FEDX_RUN/none" version
if command -v script >/dev/null
then
	seen=$(NO_COLOR=1 script -qec 'fedx-probe services' /dev/null </dev/null | tr -d '\r')
	like "$seen" 'service +version +node' 'a terminal gets a table'
	not_tabs() { ! printf '%s' "$seen" | grep -q "$tab"; }
	ok 'without tabs'	not_tabs
fi
done_testing
