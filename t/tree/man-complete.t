#!/bin/sh
# man-complete.t - the pages of the daemons, the protocol, settings and policy have all that the source has, and nothing else.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC" || exit 1
man=share/man src=src

sorted() { LC_ALL=C sort -u; }
items() {	# items PAGE SECTION: the .It lines of one section
	awk -v section="$2" '/^\.Sh / { on = $0 == ".Sh " section } on && /^\.It / { sub(/^\.It /, ""); print }' "$1"
}
no_reload() {	# no_reload PAGE SECTION: items that do not say default and reload
	awk -v section="$2" '
		function over() {
			if (item != "" && text !~ /default: .*reload: (yes|redials the link|restart)( |$)/)
				print item
			item = text = ""
		}
		/^\.(Sh|It|El)/ { over() }
		/^\.Sh / { on = $0 == ".Sh " section }
		on && /^\.It / { item = $0; next }
		item != "" { text = text " " $0 }' "$1"
}
table() {	# table NAME: as the page has it
	sed -n "/^\\.\\\\\" table $1\$/,/^\\.\\\\\" end of table/s/^\\.It //p" $man/fedx-protocol.7
}
rows() {	# rows FILE LIST: name and number of each row, found in another way than mktables.sh does
	perl -0777 -ne '/#define '"$2"'\(X\)(.*?[^\\])\n/s or die; $_ = $1;
		while (/\bX\(\s*(\w+)\s*,\s*(\w+)/g) { print "$1 $2\n" }' "$src/$1"
}

ok 'every table is what the source says' $man/mktables.sh -c

# options, settings
options=$(sed -n "s/^	{ '\(.\)', *\"\([a-z-]*\)\",.*/Fl \1 , Fl -\2/p; s/^	{ 0, *\"\([a-z-]*\)\",.*/Fl -\1/p" $src/node/options.c | sorted)
ok 'options were found' test "$(echo "$options" | wc -l)" -ge 18
keys=$($man/mktables.sh keys | cut -f 1)
is "$(echo "$keys" | sorted)" "$(sed -n 's/^	X("\([a-z_.]*\)",.*/\1/p' $src/node/settings.h | sorted)" \
	'each setting of settings.h is described, and no other'
environment=$(cat $src/node/*.c $src/base/log.c $src/net/*.c | perl -ne 'print "$1\n" while /(?:getenv|number_of)\("(\w+)"\)/g' | sorted)
for page in fedx-hub.8 fedx-leaf.8
do
	case $page in fedx-hub.8) other=FEDX_HUB ;; *) other=none ;; esac	# what only the other one reads
	is "$(items $man/$page OPTIONS | sed 's/ Ar .*//' | sorted)" "$options" "$page has the options of options.c"
	is "$(no_reload $man/$page OPTIONS | grep -Ev -e '-(set|check|version|help)( |$)')" '' \
		"$page: each option has its default and what a change takes"
	for section in 'EXIT STATUS' ENVIRONMENT FILES SIGNALS EXAMPLES 'SEE ALSO'
	do ok "$page has $section" grep -qx "\\.Sh $section" $man/$page
	done
	is "$(items $man/$page SIGNALS | tr -d ' ,' | tr '\n' ' ')" 'HUP USR1 USR2 TERMINT QUIT PIPE ' "$page: the signals"
	is "$(items $man/$page ENVIRONMENT | sed 's/^Ev //; s/ , /\
/g' | sorted)" "$(echo "$environment" | grep -v "^$other\$")" "$page: the environment"
done
is "$(items $man/fedx.lua.5 SETTINGS | sed 's/^Cm //')" "$keys" 'fedx.lua.5 has the settings'
is "$(no_reload $man/fedx.lua.5 SETTINGS)" '' 'fedx.lua.5: each has its default and what a change takes'
if command -v fedx-hub >/dev/null
then
	wrong=$($man/mktables.sh keys | while IFS= read -r line
	do
		key=${line%%	*} rest=${line#*	}
		value=${rest%%	*}
		test -n "$value" || continue		# a file, and none is named
		test "$(fedx-hub -t --set "$key=$value" | grep "^$key=")" = "$(fedx-hub -t | grep "^$key=")" || echo "$line"
	done)
	is "$wrong" '' 'the defaults are those of fedx-hub -t'
else
	skip 'fedx-hub is not built'
fi

# the protocol
is "$(table kinds | sed -n 's/^\(0x..\) Ta Cm \([A-Z_]*\) .*/\2 \1/p')" "$(rows wire/kinds.h KINDS)" 'the kinds of kinds.h'
is "$(table metas | sed 's/\(.*\) Cm \(.*\)/\2 \1/')" "$(rows wire/meta.h METAS)" 'the TLVs of meta.h'
is "$(table metas-later | sed 's/\(.*\) Cm \(.*\)/\2 \1/')" "$(rows wire/meta.h METAS_LATER)" 'and those of later'
is "$(table hello | sed 's/\(.*\) Ta Cm \(.*\) Ta .*/\2 \1/')" "$(rows wire/hello.c FIELDS)" 'the fields of HELLO'
is "$(table announcement | sed 's/\(.*\) Ta Cm \(.*\) Ta .*/\2 \1/')" "$(rows wire/announce.c FIELDS)" 'the fields of an announcement'
is "$(table errors | sed 's/\(.*\) Cm \(.*\)/\2 \1/')" "$(rows base/errors.h ERRORS)" 'the errors of errors.h'
is "$(table flags | sed 's/\(.*\) Cm \(.*\)/\2 \1/')" \
	"$(sed -n 's/^	FLAG_\([A-Z]*\)	*= \(0x[0-9]*\).*/\1 \2/p' $src/wire/envelope.h | tr 'A-Z' 'a-z')" 'the flags of envelope.h'
said=$(sed -n 's/^.*\.It \(0x[0-9a-f]*\) \(Ta \)\{0,1\}Cm \([A-Za-z_]*\).*/\3/p' $man/fedx-protocol.7 | sorted)
ok 'the tables have rows' test "$(echo "$said" | wc -l)" -gt 80
is "$(perl -0777 -ne 'print "$1\n" while /X\(\w+,\s*\d+,\s*(\d+,\s*-?\d+,\s*\d+),/g' $src/base/errors.h | tr -d ' \t')" \
	"$(sed -n 's/^HTTP \([0-9]*\), JSON-RPC \(-[0-9]*\), exit status \([0-9]*\);.*/\1,\2,\3/p' $man/fedx-protocol.7)" \
	'the errors have their numbers for HTTP, JSON-RPC and exit'

# routing
page=$man/fedx-routing.7
is "$(sed -n '/table codes$/,/end of table/s/^\.It //p' $page)" "$(rows fabric/cluster.h FED_CODES | sed 's/.* //')" 'the codes of cluster.h'
words=$(sed -n '/^via_word/,/^}/p' $src/node/builtin_routes.c | grep -o '"[a-z]*"' | tr -d '"' | sorted)
ok 'states of routes were found' test "$(echo "$words" | wc -l)" -ge 4
is "$(for word in $words; do grep -qx "\\.It Cm $word" $page || echo "$word"; done)" '' 'fedx-routing.7 has the states of routes'
is "$(sed -n 's/^	X("\(\(routes\.\|limits\.routes\)[a-z_.]*\)",.*/\1/p' $src/node/settings.h | while read -r key
	do grep -q "$key" $page || echo "$key"; done)" '' '... and the settings of routes'

# security
page=$man/fedx-security.7
known=$(sed -n 's/^	X("\([a-z_.]*\)",.*/\1/p' $src/node/settings.h)
is "$(sed -n 's/^\.\(It \)\{0,1\}Cm \([a-z]*\.[a-z_][a-z_]*\).*/\2/p' $page | while read -r key
	do echo "$known" | grep -qx "$key" || echo "$key"; done)" '' 'the settings of fedx-security.7 are there'
is "$(echo "$known" | grep '^limits\.' | while read -r key
	do grep -qx "\.It Cm $key" $page || echo "$key"; done)" '' '... and it has all bounds on what others may have'

# policy
page=$man/fedx-policy.5
unsaid() {	# unsaid PREFIX: names of standard input that no item of the page has
	while read -r name
	do grep -Eq "^\\.(It|Fn) .*($1)$name( |\$)" $page || echo "$name"
	done
}
functions() {	# functions FILES...: what they give to Lua
	cat "$@" | tr '{}' '\n\n' | sed -n 's/^ "\([a-z_]*\)", l_[a-z_]* *$/\1/p' | sorted
}
fields=$(perl -0777 -ne '/#define ASK_FIELDS\(X\)(.*?[^\\])\n/s or die; $_ = $1;
	while (/\bX\((\w+)\)/g) { print "$1\n" }' $src/wire/ask.h)
is "$($man/mktables.sh fields | cut -f 1)" "$fields" 'each field of a message is described'
is "$(sed -n '/table ask$/,/end of table/s/^\.It Cm \([a-z0-9_]*\) .*/\1/p' $page)" "$fields" 'fedx-policy.5 has them'
is "$(functions $src/policy/lua_fedx.c $src/policy/lua_verdict.c $src/policy/lua_list.c $src/policy/react.c | unsaid 'fedx\.|set:|pattern:')" '' \
	'fedx-policy.5 has all of the module fedx'
is "$(sed -n 's/.*lua_setfield(L, -2, "\([a-z]*\)");/\1/p' $src/policy/lua_fedx.c | sorted | unsaid 'fedx\.')" '' '... also what is Lua'
is "$(functions $src/policy/lua_env.c | unsaid 'env:') $(functions $src/policy/lua_msg.c | unsaid 'msg:')" ' ' '... of env and msg'
is "$(sed -n 's/^function t\.\([a-z]*\)(.*/\1/p' lua/fedx/test.lua | unsaid 't\.')" '' '... of fedx.test'
is "$(for hook in admit scope import export route balance on.link on.service on.event; do grep -q "^\.It .*$hook" $page || echo "$hook"; done)" '' '... and the hooks'
is "$(sed -n '/table cookbook$/,/end of table/s/^\.It Pa //p' $page)" "$(ls share/examples/policies)" '... and the cookbook'
for field in node version tags weight in_flight latency_us is_local index
do grep -q "\"$field\"" $src/policy/lua_pick.c && grep -qx "\.Cm $field.*" $page || not_ok "fedx-policy.5 has $field of an instance"
done

# what is logged
events=$(cat $src/net/*.c $src/link/*.c $src/fabric/*.c $src/node/*.c $src/base/log.c | perl -0777 -ne '
	print "$1\n" while /\b(?:log_event\([^",;]*,|node_event\(n,|line_start\([^",;]*,[^",;]*,|event\((?:f|ls),)\s*"([a-z_]+)"/g;
	print "$1\n" while /->event\(f, (?:[^";]*\?)?\s*"([a-z_]+)"/g; print "$1\n" while /->event\(f, [^";]*\? "[a-z_]+" : "([a-z_]+)"/g' | sorted)
is "$(items $man/fedx-hub.8 LOG | sed 's/^Cm //; s/ , /\
/g' | sorted)" "$events" 'the events of the log'
done_testing
