#!/bin/sh
# policy-doc.t - what the pages on policy and settings show works as it is printed.
. "${0%/*}/../lib/tap.sh"
command -v fedx-route >/dev/null || skip_all 'fedx-route is not built'
. "${0%/*}/../lib/page.sh"
page_run "$FEDX_SRC/share/doc/policy.md" policy
ok 'the page has not lost its blocks' test "$blocks" -ge 10
ok 'it leaves no node behind' not fedx-probe -r "$FEDX_RUN/policy/policy/hub" ping

# The files in the displays of the manual pages: the first line names them.
displays() {	# displays PAGE DIRECTORY: the nth one is in DIRECTORY/n/NAME
	mkdir "$2"
	awk '/^\.Bd / { on = 1; first = 1; next } /^\.Ed/ { on = 0 }
		on && first && /^-- [a-z\/-]*\.lua$/ { n++; print "mkdir -p $(dirname " n "/" $2 ")"; file = n "/" $2 }
		on && first && !/^-- [a-z\/-]*\.lua$/ { on = 0 }
		on { gsub(/\\e/, "\\"); q = sprintf("%c", 39); gsub(q, q "\\" q q); print "echo " q $0 q " >>" file }
		{ first = 0 }' "$FEDX_SRC/share/man/$1" >"$2/script"
	(cd "$2" && sh ./script)
}
displays fedx-policy.5 "$FEDX_RUN/displays"
for policy in "$FEDX_RUN"/displays/*/policy.lua
do ok "fedx-policy.5: $(sed -n 2p "$policy")" fedx-route -c "${policy%/*}" -t
done
for tests in "$FEDX_RUN"/displays/*/test
do
	cp "$FEDX_RUN/displays/1/policy.lua" "${tests%/*}"
	ok 'fedx-policy.5: the tests, with the first policy' fedx-route test "${tests%/*}"
done

cd "$FEDX_RUN" || exit 1
displays fedx.lua.5 "$FEDX_RUN/settings"
if fedx-probe keygen hub hub.example.net -d keys >made && fedx-probe keygen token site-a --cluster home -d keys >>made
then
	mv settings/*/hub hub && mv settings/*/site-a site-a
	is "$(fedx-hub -c hub -t | grep -e '^id=' -e '^listen=' -e '^request.timeout=' -e '^link.queue=' | tr '\n' ' ')" \
		'id=hub listen=127.0.0.1:7341 request.timeout=30000ms link.queue=2097152 ' 'fedx.lua.5: the hub'
	example=$(sed -n 's/^\.Dl \$ //p' "$FEDX_SRC/share/man/fedx.lua.5")
	ok "fedx.lua.5: $example" sh -c "$example"
	is "$($example | grep '^link.queue=')" link.queue=3145728 'the option wins'
	is "$(fedx-leaf -c site-a -t | grep -e '^uplink=' -e '^token_file=' | tr '\n' ' ')" \
		'uplink=fedxs://hub.example.net uplink=fedxs://reserve.example.net token_file=keys/site-a.token ' 'fedx.lua.5: the leaf'
else skip 'openssl makes no keys here'
fi
mkdir wrong
printf '%s\n' 'id = "x"' '' '' 'link = { pin = "1s" }' >wrong/fedx.lua
like "$(fedx-hub -c wrong -t 2>&1)" "$(sed -n 's/^fedx\.lua:4: //p' "$FEDX_SRC/share/man/fedx.lua.5" | sed 's/[?]/[?]/')" \
	'fedx.lua.5: an unknown name'
done_testing
