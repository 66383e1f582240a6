#!/bin/sh
# layers.t - a folder includes only from the rings inside it.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC/src" || exit 1

# only FOLDER ALLOWED...: what the folder may include, besides itself
only() {
	folder=$1
	shift
	test -d "$folder" || { skip "no $folder yet"; return; }
	allowed=$folder
	for a do allowed="$allowed|$a"; done
	wrong=$(grep -n '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*/' "$folder"/*.[ch] |
		grep -Ev "\"($allowed)/[^/\"]*\"")
	is "$wrong" '' "$folder includes from $* only"
}
only base
only wire base
only dialect base wire
only net base wire
only link base wire dialect net fabric	# a link is a port of the fabric
only bus base wire net dialect
only fabric base wire
only policy base wire fabric net	# of net: sha256
only route base wire net bus fabric policy node	# of node: rundir, daemon
only node base wire dialect net link bus fabric
only hub base wire dialect net link bus fabric node
only leaf base wire dialect net link bus fabric node
only probe base wire net bus

is "$(grep -l '#include <bearssl' ./*/*.[ch] | grep -v '^\./net/tls\|^\./net/conn_tls')" '' 'only net/tls knows BearSSL'
is "$(grep -l '#include <wslay' ./*/*.[ch] | grep -v '^\./net/ws')" '' 'only net/ws knows wslay'
is "$(grep -l '#include <l\(ua\|auxlib\|ualib\)\.h' ./*/*.[ch] | grep -v '^\./policy/')" '' 'only policy knows Lua'
is "$(grep -l '#include <ares' ./*/*.[ch] | grep -v '^\./net/resolve')" '' 'only net/resolve knows c-ares'
is "$(grep -En '(^|[^a-z_])(getaddrinfo|gethostbyname|res_query|res_search)\(' ./*/*.[ch])" '' 'no name is asked for but by c-ares, which does not block'
is "$(grep -ln '#include <ev\.h>\|#include <sys/socket' dialect/*.[ch] wire/*.[ch] fabric/*.[ch])" '' \
	'wire, dialect and fabric know neither loop nor socket'
done_testing
