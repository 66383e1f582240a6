#!/bin/sh
# entry.sh - fedx-hub or fedx-leaf in a container, configured by its environment.
#
#	FEDX_ROLE	hub (default) or leaf
#	FEDX_LISTEN FEDX_UPLINK FEDX_PEERS	words: HOST:PORT..., URL..., URL...
#	FEDX_ID FEDX_CLUSTER FEDX_CONF FEDX_RUN FEDX_TOKEN_FILE
#	FEDX_TLS_CERT FEDX_TLS_KEY FEDX_TLS_CA	files, mounted
#	FEDX_SET	KEY=VALUE a line: each setting of fedx.lua(5)
#
# Secrets are files, never variables.  Arguments are added as they are; if the
# first one is no option they are a command of their own: `fedx-probe links`.
set -eu
case ${1--} in
-*) ;;
*) exec "$@" ;;
esac
case ${FEDX_ROLE:=hub} in
hub|leaf) ;;
*) echo "entry.sh: FEDX_ROLE cannot be '$FEDX_ROLE': want hub or leaf" >&2; exit 64 ;;
esac
option() { test -z "$2" || options="$options $1 $(quoted "$2")"; }
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }
options=''
set -f
for word in ${FEDX_LISTEN-}; do option --listen "$word"; done
for word in ${FEDX_UPLINK-}; do option --uplink "$word"; done
for word in ${FEDX_PEERS-}; do option --peer "$word"; done
option --id "${FEDX_ID-}"
option --cluster "${FEDX_CLUSTER-}"
option --tls-cert "${FEDX_TLS_CERT-}"
option --tls-key "${FEDX_TLS_KEY-}"
option --tls-ca "${FEDX_TLS_CA-}"
while IFS= read -r line
do option --set "$line"
done <<END
${FEDX_SET-}
END
eval "exec fedx-$FEDX_ROLE $options \"\$@\""
