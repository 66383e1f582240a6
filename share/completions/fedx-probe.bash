# fedx-probe.bash - completion for bash: verbs, options, services and nodes of the live node.
# shellcheck shell=bash

_fedx_probe_names() {	# VERB COLUMN [SERVICE]: names out of a list of the node, or of that service
	local i run=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -r ]] && run=(-r "${COMP_WORDS[i + 1]}")
	done
	fedx-probe "${run[@]}" -H -q "$1" 2>/dev/null |
		awk -F '\t' -v column="$2" -v service="${3-}" \
			'service == "" || $1 == service { gsub(",", " ", $column); if ($column != "-") print $column }'
}

_fedx_probe() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' service='' at=0 i
	local verbs='ping call serve pub sub links peers routes link services endpoints paths trace watch top drain upgrade explain flows policy rules reload confirm undo doctor invite revoke members keygen version'
	local common='-r -j -H -q -h' words=''

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-r | --rundir | -P | --parallel | --concurrency | -t | --timeout | -c | -n | --count | \
			--version | --methods | --tags | --weight | -m | --method | --kind | --as | --decision | --confirm | \
			-C | --cluster | --role | --proxy | --proxy-file | --psk-file | --token-file | --tls-ca | --tls-cert | --tls-key | \
			--expires | --scope | --url) ((i++)) ;;
		--) [[ $verb == serve ]] && { compopt -o default; return; } ;;
		-*) ;;
		*) if [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; else service=${service:-${COMP_WORDS[i]}}; ((at++)); fi ;;
		esac
	done
	case $prev in
	-r | --rundir) compopt -o dirnames; return ;;
	-P | --parallel | --concurrency | -t | --timeout | -c | -n | --count | --methods | --tags | --weight) return ;;
	-m | --method | --decision | --confirm | --expires | --scope) return ;;
	--url) mapfile -t COMPREPLY < <(compgen -W 'fedxs:// wss://' -- "$cur"); return ;;
	--proxy) return ;;
	--proxy-file | --psk-file | --token-file | --tls-ca | --tls-cert | --tls-key) compopt -o default; return ;;
	--role) mapfile -t COMPREPLY < <(compgen -W 'leaf hub client' -- "$cur"); return ;;
	-C | --cluster) return ;;
	--kind) mapfile -t COMPREPLY < <(compgen -W request -- "$cur"); return ;;
	--as) mapfile -t COMPREPLY < <(compgen -W "$(_fedx_probe_names links 1) $(_fedx_probe_names endpoints 1)" -- "$cur"); return ;;
	esac
	case $verb in
	'') words="$common -V $verbs" ;;
	ping) words="$common -c -t"; ((at == 0)) && words+=" $(_fedx_probe_names services 1) $(_fedx_probe_names links 1)" ;;
	trace) words="$common -t"; ((at == 0)) && words+=" $(_fedx_probe_names services 1) $(_fedx_probe_names links 1)" ;;
	call)
		words="$common -0 -J -P -t --idempotent --trace --unordered --version"
		((at == 0)) && words+=" $(_fedx_probe_names services 1) $(_fedx_probe_names endpoints 1) $(_fedx_probe_names paths 1)"
		((at == 1)) && words+=" $(_fedx_probe_names services 5 "$service")"
		((at == 2)) && words+=' -'
		;;
	serve) words="$common -P --coprocess --methods --tags --version --weight --" ;;
	pub) words="$common -0 -J"; ((at == 1)) && words+=' -' ;;
	sub) words="$common -n --count" ;;
	explain)
		words="$common -m --method --kind --as --decision $(_fedx_probe_names endpoints 1) $(_fedx_probe_names links 1)"
		((at == 1)) && words+=" $(_fedx_probe_names services 1)"
		((at > 1)) && words="$common -m --method --kind --as"
		;;
	reload) words="$common --check --confirm" ;;
	doctor) words="$common -C --cluster -t --as --insecure --proxy --proxy-file --psk-file --role --tls-ca --tls-cert --tls-key --token-file"; ((at == 0)) && words+=' fedx:// fedxs:// fedx+srv:// fedxs+srv:// ws:// wss:// unix:' ;;
	routes) words=$common; ((at == 0)) && words+=" $(_fedx_probe_names routes 3) $(_fedx_probe_names services 1) $(_fedx_probe_names endpoints 1) $(_fedx_probe_names paths 1)" ;;
	link)
		((at == 0)) && words='pause resume retry drain'
		((at == 1)) && words=$(_fedx_probe_names peers 1)
		;;
	invite) words="$common --expires --scope --url" ;;
	revoke) ((at == 0)) && words=$(_fedx_probe_names members 1) ;;
	keygen) ((at == 0)) && words='hub leaf token key' ;;
	*) words=$common ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _fedx_probe fedx-probe
