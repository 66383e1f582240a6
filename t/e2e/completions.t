#!/bin/sh
# completions.t - what bash and zsh propose is what fedx-probe takes, and all of it.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
dir=$FEDX_SRC/share/completions
opts=$FEDX_SRC/src/probe/opts.c

start fedx-hub -i here.test -l 127.0.0.1:0
hub=$pid
wait_ready "$log"
start fedx-probe serve wc --methods count,lines -- wc
start fedx-probe serve date --methods now -- date
attached() { test "$(fedx-probe -H services | wc -l)" -eq 2; }
ok 'services are there' eventually attached

rows=$(sed -n "s/^	{ '\(.\)', \"\([a-z-]*\)\".*/-\1 --\2/p; s/^	{ 0,.*\"\([a-z-]*\)\",	.*/--\1/p" "$opts")
ok 'options were found' test "$(printf '%s\n' "$rows" | wc -l)" -ge 18
for file in "$dir/fedx-probe.bash" "$dir/_fedx-probe"
do
	is "$(printf '%s\n' "$rows" | while read -r one other
		do grep -Eq -e "[^a-z-]$one([^a-z-]|\$)" "$file" || grep -Eq -e "${other:-none}([^a-z-]|\$)" "$file" || echo "$one"
		done)" '' "${file##*/} has every option"
done

if command -v bash >/dev/null
then
	cat >complete.bash <<'END'
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }
_fedx_probe
printf '%s\n' "${COMPREPLY[@]}"
END
	proposed() { bash complete.bash "$dir/fedx-probe.bash" fedx-probe "$@" | LC_ALL=C sort | tr '\n' ' '; }
	verbs=$(fedx-probe -h | sed -n 's/^  \([a-z |]*\).*/\1/p' | sed '/^ *$/d' | tr '|' '\n' | sed 's/^ *//; s/ .*//' | grep .)
	said=$(proposed '')
	is "$(for v in $verbs; do case " $said " in *" $v "*) ;; *) echo "$v" ;; esac; done)" '' 'bash: every verb is proposed'
	is "$(for v in $said; do case $v in -*|drain|upgrade|watch|top|reload|confirm|undo) continue ;; esac
		fedx-probe "$v" 2>&1 </dev/null | grep -q 'unknown verb\|did you mean' && echo "$v"; done)" '' '... and nothing that is none'
	is "$(proposed pi)" 'ping ' 'bash: a word that begins'
	for verb in ping trace call serve pub sub links keygen explain reload
	do
		is "$(for o in $(proposed "$verb" -); do
			case $o in --) continue ;; esac
			fedx-probe "$verb" "$o" 2>&1 </dev/null | grep 'unknown option'
			done)" '' "bash: the options of $verb are taken"
	done
	like "$(proposed call '')" '(^| )wc ' 'bash: a service of the node'
	is "$(proposed call wc '' | tr ' ' '\n' | grep '^[a-z]' | tr '\n' ' ')" 'count lines ' 'bash: its methods, and of no other'
	like "$(proposed ping '')" '(^| )wc ' 'bash: ping, too'
	is "$(proposed keygen '' | tr ' ' '\n' | grep -v '^-' | tr '\n' ' ' | tr -s ' ')" 'hub key leaf token ' 'bash: what keygen makes'
else skip 'bash is not installed'
fi
if command -v zsh >/dev/null
then
	ok 'zsh: its file is one' zsh -n "$dir/_fedx-probe"
	is "$(sed 1q "$dir/_fedx-probe")" '#compdef fedx-probe' 'zsh: it is found'
	is "$(fedx-probe -h | sed -n 's/^  \([a-z]*\) .*/\1/p' | while read -r v
		do grep -q "'$v:" "$dir/_fedx-probe" || echo "$v"; done)" '' 'zsh: every verb has its line'
else skip 'zsh is not installed'
fi
ok 'the hub ends well' stop "$hub"
done_testing
