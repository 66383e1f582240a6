#!/bin/sh
# services.t - units, rc scripts and the container's entry: what can be checked without running them.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC/share" || exit 1

made=$FEDX_RUN/made
mkdir "$made"
for f in systemd/* rc.d/*/*
do
	name=$made/$(echo "$f" | tr / -)
	case $f in systemd/*) name=$made/${f##*/} ;; esac
	sed "s|@sbindir@|$FEDX_BIN|g; s|@bindir@|$FEDX_BIN|g; s|@sysconfdir@|/etc|g; s|@user@|root|g" "$f" >"$name"
	is "$(grep -n '@[a-z]*@' "$name")" '' "$f has no other words to fill in"
done
if command -v systemd-analyze >/dev/null
then
	for unit in fedx-hub.service fedx-leaf.service fedx-hub.socket
	do
		systemd-analyze verify --man=no "$made/$unit" >"$FEDX_RUN/said" 2>&1
		is "$(grep "fedx" "$FEDX_RUN/said")" '' "systemd finds nothing wrong with $unit"
	done
	exposed=$(systemd-analyze security --offline=true --no-pager "$made/fedx-hub.service" 2>/dev/null |
		sed -n 's/.*Overall exposure level for [^:]*: \([0-9]*\)\..*/\1/p')
	if test "$exposed"
	then ok 'and calls fedx-hub.service well hardened' test "$exposed" -le 2
	else skip 'this systemd-analyze does not judge files'
	fi
else skip 'systemd-analyze is not installed'
fi
is "$(sed 's/hub/leaf/g' rc.d/freebsd/fedx_hub)" "$(cat rc.d/freebsd/fedx_leaf)" 'the rc script of FreeBSD is the same for both'
is "$(sed 's/hub/leaf/g' rc.d/openbsd/fedx_hub)" "$(cat rc.d/openbsd/fedx_leaf)" '... and that of OpenBSD'
for f in rc.d/*/* container/entry.sh
do
	ok "$f is shell" sh -n "$f"
	ok '... and can be executed' test -x "$f"
	command -v shellcheck >/dev/null && ok '... and clean' shellcheck -S warning -e SC1091 "$f"
done

# the options of the rc scripts and units are those of the programs
for role in hub leaf
do
	uplink=''
	test $role = hub || uplink='-u fedx://127.0.0.1:1'
	for options in $(sed -n "s/.*rc_exec \"\${daemon} \(.*\) \${daemon_flags}\"/\1/p; s/^command_args=\"\(.*\)\"/\1/p; s/^ExecStart=[^ ]* \(.*\)/\1/p" \
		rc.d/*/fedx_$role systemd/fedx-$role.service | tr ' ' ',')
	do
		options=$(echo "$options" | tr ',' ' ' | sed 's/@user@/root/; s|[$]fedx_[a-z]*_[a-z]*|/nowhere|g; s|[$]pidfile|/nowhere|; s|-c [^ ]*||')
		# shellcheck disable=SC2086
		ok "fedx-$role knows: $options" "fedx-$role" -t $uplink $options
	done
done

# --- the container's entry ---

mkdir "$FEDX_RUN/bin"
for role in hub leaf
do printf '#!/bin/sh\necho fedx-%s\nfor each do printf "<%%s>\\n" "$each"; done\n' $role >"$FEDX_RUN/bin/fedx-$role"
done
chmod +x "$FEDX_RUN"/bin/*
entry() { env -i PATH="$FEDX_RUN/bin:$PATH" "$@" | tr '\n' ' '; }
is "$(entry "$FEDX_SRC/share/container/entry.sh")" 'fedx-hub ' 'the entry runs a hub'
is "$(entry FEDX_ROLE=leaf FEDX_UPLINK='fedx://a fedxs://b' FEDX_ID=x FEDX_CLUSTER=c FEDX_TLS_CA=/k/ca "$FEDX_SRC/share/container/entry.sh" -t)" \
	'fedx-leaf <--uplink> <fedx://a> <--uplink> <fedxs://b> <--id> <x> <--cluster> <c> <--tls-ca> </k/ca> <-t> ' '... or a leaf, with options'
is "$(entry FEDX_LISTEN=':1 *:2' FEDX_PEERS=fedx://p FEDX_TLS_CERT='/a b/c' FEDX_TLS_KEY=/k FEDX_SET="announce.tags=it's one
link.ping=5s" "$FEDX_SRC/share/container/entry.sh")" \
	"fedx-hub <--listen> <:1> <--listen> <*:2> <--peer> <fedx://p> <--tls-cert> </a b/c> <--tls-key> </k> <--set> <announce.tags=it's one> <--set> <link.ping=5s> " \
	'... with everything, and nothing is taken apart or run'
is "$(entry FEDX_ID='$(echo no)`echo no`' "$FEDX_SRC/share/container/entry.sh")" 'fedx-hub <--id> <$(echo no)`echo no`> ' '... not even what looks like it'
is "$(entry "$FEDX_SRC/share/container/entry.sh" echo else)" 'else ' '... or something else'
ok 'a role that is none is refused' expect_status 64 env FEDX_ROLE=king "$FEDX_SRC/share/container/entry.sh"
is "$(grep -Ec '(^|[^-])FROM [^$]' container/Containerfile)" 0 'the Containerfile names no image'
done_testing
