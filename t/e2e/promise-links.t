#!/bin/sh
# promise-links.t - fates are true over every kind of link, also for what was half encrypted or half framed.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
counted='a b h'
umask 077
mkdir "$FEDX_RUN/h" "$FEDX_RUN/a" "$FEDX_RUN/b"
keys=$FEDX_RUN/keys
fedx-probe keygen hub hub.test -d "$keys" --ip 127.0.0.1 >/dev/null
quick='--set link.backoff=20ms --set link.backoff_max=100ms --set link.refused=50ms
	--set link.queue=512k --set link.payload=256k'

for scheme in fedxs wss ws unix
do
	tls='' trust='' at=127.0.0.1:$(free_port)
	case $scheme in
	fedxs | wss)
		tls="--tls-cert $keys/hub.pem --tls-key $keys/hub.key" trust="--tls-ca $keys/ca.pem" ;;
	esac
	case $scheme in
	unix) url=unix:$FEDX_RUN/h/node.sock ;;
	*) url=$scheme://$at ;;
	esac
	# shellcheck disable=SC2086
	hub() { start fedx-hub -l "$at" -i hub.test -C test -r "$FEDX_RUN/h" $quick $tls; hub=$pid; wait_ready "$log"; }
	hub
	for n in a b
	do
		# shellcheck disable=SC2086
		start fedx-leaf -u "$url" -i "$n.test" -C test -r "$FEDX_RUN/$n" $quick $trust
		eval "$n=\$pid"
		wait_ready "$log"
	done
	begin "$scheme" 48 --body-every 3 --bytes 90000
	serve --delay 5 --bytes 90000
	more "$scheme: it is answered"
	for again in 1 2 3
	do
		ok "$scheme: the hub is killed ($again)" killed "$hub"
		hub
		more "$scheme: and it heals"
	done
	ok "$scheme: the leaf of the service is killed" killed "$b"
	# shellcheck disable=SC2086
	start fedx-leaf -u "$url" -i b.test -C test -r "$FEDX_RUN/b" $quick $trust
	b=$pid
	more "$scheme: and it heals"
	ok "$scheme: what was under way is told so" others
	finish "$scheme"
	stop "$a"; stop "$b"; stop "$hub"
done
done_testing
