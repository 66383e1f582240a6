#!/bin/sh
# tls-resume.t - who comes back over TLS need not shake hands in full, also after a restart; and what a reload has taken away stays away.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir h a b

told() { grep -Eq -e "$1" "$2"; }
hub() {	# hub ADDRESS
	start fedx-hub -l "$1" -i hub.test -C lab -r h --tls-cert d/hub.pem --tls-key d/hub.key \
		--token-file tokens --set tls.client_ca=cas.pem --set tls.session_file=h/sessions
	hub=$pid hub_log=$log
}
leaf() {	# leaf NODE RUNDIR [OPTION...]
	leaf_node=$1 leaf_run=$2
	shift 2
	start fedx-leaf -u "fedxs://$at" -i "$leaf_node" -C lab -r "$leaf_run" --tls-ca d/ca.pem --set link.backoff=20ms \
		--set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms "$@"
}
link() { fedx-probe -r h -j links | grep "\"name\":\"$1\".*\"state\":\"up\".*\"resumed\":$2"; }
restart() {	# the hub, at the address that it had
	stop "$hub"
	hub "$at"
	wait_ready "$hub_log"
}

fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null 2>&1
fedx-probe keygen leaf a.lab -d d >/dev/null 2>&1
fedx-probe keygen token b.lab -d d --cluster lab >/dev/null 2>&1
fedx-probe keygen hub hub.test -d d2 >/dev/null 2>&1
{ echo 'leaf a.lab lab cert'; cat d/tokens; } >tokens
cp d/ca.pem cas.pem
hub 127.0.0.1:0
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
leaf a.lab a --tls-cert d/leaf.pem --tls-key d/leaf.key; a=$pid a_log=$log
leaf b.lab b --token-file d/b.lab.token --set tls.session_file=b/sessions; b=$pid
ok 'a leaf with a certificate shakes hands' eventually link a.lab false
ok 'so does one with a token' eventually link b.lab false

ok 'the hub comes back' restart
is "$(stat -c %a h/sessions 2>/dev/null || stat -f %Lp h/sessions)" 600 'the file of its sessions is for nobody else'
ok 'the one with a certificate goes on' eventually link a.lab true
ok 'so does the one with a token' eventually link b.lab true
ok 'and nothing was said of the file' not told tls_sessions "$hub_log"
ok 'that leaf ends' stop "$b"
leaf b.lab b --token-file d/b.lab.token --set tls.session_file=b/sessions; b=$pid
ok 'and goes on when it is back' eventually link b.lab true

# what is not ours, or broken, is left alone and does not stop anything
for each in empty garbage cut foreign
do
	stop "$hub"
	case $each in
	empty) : >h/sessions ;;
	garbage) head -c 3000 /dev/urandom >h/sessions ;;
	cut) head -c 100 kept >h/sessions ;;
	foreign) cp b/sessions h/sessions ;;
	esac
	chmod 600 h/sessions
	hub "$at"
	ok "the hub starts with $each sessions" wait_ready "$hub_log"
	is "$(grep -c tls_sessions_ignored "$hub_log")" 1 '... and says so once'
	ok '... and is joined by a handshake in full' eventually link a.lab false
	restart
	ok '... and after the next start by a short one' eventually link a.lab true
	cp h/sessions kept
done

# the CA is gone while the hub was down: the session does not get in
cp d2/ca.pem cas.pem
restart
ok 'one whose CA was dropped is refused' eventually told 'now=REFUSED.*not signed by a CA of the hub' "$a_log"
ok '... and was not let in' not link a.lab true
cp d/ca.pem cas.pem
restart
ok 'with the CA it is back' eventually link a.lab false
# so is its line
cp d/tokens tokens
restart
ok 'one whose line was dropped is refused' eventually told 'now=REFUSED.*no line of the hub' "$a_log"
{ echo 'leaf a.lab lab cert'; cat d/tokens; } >tokens
kill -HUP "$hub"
ok 'with the line it is back, in the session that it has' eventually link a.lab true

# others than our nodes get no session, whatever they offer; and break nothing
s_client() { openssl s_client -connect "$at" -tls1_2 -CAfile d/ca.pem "$@" </dev/null 2>&1; }
like "$(s_client -alpn fedx/1 -sess_out s)" 'New, TLSv1.2' 'openssl shakes hands'
like "$(s_client -alpn fedx/1 -sess_in s)" 'Reused, TLSv1.2' 'and goes on, as one of ours would'
for alpn in h2 http/1.1
do
	s_client -alpn fedx/1 -sess_out s >/dev/null
	like "$(s_client -alpn $alpn -sess_in s)" 'New, TLSv1.2' "but not for $alpn"
	like "$(s_client -alpn $alpn,fedx/1 -sess_in s)" 'Reused, TLSv1.2' '... unless it offers ours as well'
done
like "$(s_client -sess_in s)" 'New, TLSv1.2' 'nor without a protocol'
ok 'the hub is there, and all this was nothing to the others' link b.lab '[a-z]*'

for each in $a $b $hub
do ok 'it ends well' stop "$each"
done
done_testing
