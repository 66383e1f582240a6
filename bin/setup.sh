# setup.sh - what bin/quickstart and bin/check share: installing what is missing, steps, a log.
# shellcheck shell=sh disable=SC2154,SC2024
#
# Sourced with the current directory at the root of the tree; the caller sets log.

start_s=$(date +%s)

# step TEXT: what happens now; the output of what follows goes to the log
step() {
	printf '[%4d s] %s\n' "$(($(date +%s) - start_s))" "$1"
	printf '\n=== %s\n' "$1" >>"$log"
}

# fail TEXT: the end of the log, then one line that says what is wrong
fail() {
	tail -n 30 "$log" >&2
	printf '%s: %s; the log is %s\n' "${0##*/}" "$1" "$log" >&2
	exit 1
}

# run COMMAND...: into the log, or the end
run() {
	printf '$ %s\n' "$*" >>"$log"
	"$@" >>"$log" 2>&1 </dev/null || fail "'$*' failed"
}

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
	if test "$(id -u)" -eq 0
	then run "$@"
	elif have sudo
	then
		printf '$ sudo %s\n' "$*" >>"$log"
		sudo "$@" >>"$log" 2>&1 || fail "'sudo $*' failed"
	elif have doas
	then
		printf '$ doas %s\n' "$*" >>"$log"
		doas "$@" >>"$log" 2>&1 || fail "'doas $*' failed"
	else fail "not root, and neither sudo nor doas is here; as root, run: $*"
	fi
}

# One thing has another name on each system: ask the manager what it lacks, say it,
# install it.  INSTALL has the same list in words.
install_missing() {	# install_missing [test|demo]: what a build needs; and what the tests or the demonstration need
	want='' test='' nat=''
	case ${1-} in
	test) test=yes ;;
	demo) test "$(id -u)" -ne 0 || nat=yes ;;	# only root can have network namespaces
	esac
	if have apt-get
	then
		for p in gcc libc6-dev make pkg-config libev-dev libbearssl-dev \
			libc-ares-dev libwslay-dev liblua5.4-dev openssl ca-certificates ${test:+perl mandoc shellcheck lua-check} ${nat:+iproute2 nftables}
		do
			test "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ||
				want="$want $p"
		done
		test -n "$want" || return 0
		step "installing with apt-get:$want"
		as_root apt-get update
		# shellcheck disable=SC2086
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $want
	elif have dnf
	then
		for p in gcc make pkgconf-pkg-config libev-devel bearssl-devel c-ares-devel \
			wslay-devel lua-devel openssl ${test:+perl-Test-Harness mandoc ShellCheck libasan libubsan} ${nat:+iproute nftables}
		do rpm -q --whatprovides "$p" >/dev/null 2>&1 || want="$want $p"
		done
		test -n "$want" || return 0
		step "installing with dnf:$want"
		# shellcheck disable=SC2086
		as_root dnf install -y $want
	elif have apk
	then
		for p in gcc musl-dev make pkgconf libev-dev bearssl-dev c-ares-dev wslay-dev lua5.4-dev \
			openssl ${test:+perl-utils mandoc shellcheck clang compiler-rt} ${nat:+iproute2 nftables}
		do apk info -e "$p" >/dev/null 2>&1 || want="$want $p"
		done
		test -n "$want" || return 0
		step "installing with apk:$want"
		# shellcheck disable=SC2086
		as_root apk add $want
	elif have pkg
	then
		for p in pkgconf libev bearssl c-ares wslay lua54 openssl ${test:+perl5 mandoc hs-ShellCheck}
		do pkg info -e "$p" >/dev/null 2>&1 || want="$want $p"
		done
		test -n "$want" || return 0
		step "installing with pkg:$want"
		# shellcheck disable=SC2086
		as_root pkg install -y $want
	elif have brew
	then
		for p in pkgconf libev c-ares wslay lua@5.4 openssl ${test:+shellcheck}
		do brew list --versions "$p" >/dev/null 2>&1 || want="$want $p"
		done
		test -n "$want" || return 0
		step "installing with brew:$want"
		# shellcheck disable=SC2086
		run brew install $want
	else
		step 'no package manager that is known here (apt, dnf, apk, pkg, brew); INSTALL says what is needed'
	fi
}

can_sanitize() {
	have "${CC:-cc}" || return 1
	probe=$(mktemp -d) || return 1
	echo 'int main(void) { return 0; }' >"$probe/a.c"
	"${CC:-cc}" -fsanitize=address,undefined -o "$probe/a" "$probe/a.c" >>"$log" 2>&1
	can=$?
	rm -rf "$probe"
	return "$can"
}

cores() { getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2; }

# build DIRECTORY TARGETS... -- CONFIGURE-ARGUMENTS...: out of tree, from what is there
build() {
	dir=$1 targets=''
	shift
	while test "$1" != --
	do targets="$targets $1"; shift
	done
	shift
	mkdir -p "$dir"
	printf '$ cd %s && configure %s && make%s\n' "$dir" "$*" "$targets" >>"$log"
	(cd "$dir" && sh "$root/configure" "$@") >>"$log" 2>&1 </dev/null ||
		fail "configure in $dir found something missing"
	# shellcheck disable=SC2086
	(cd "$dir" && "${MAKE:-make}" -j"$(cores)" $targets) >>"$log" 2>&1 </dev/null || fail "make in $dir failed"
}
