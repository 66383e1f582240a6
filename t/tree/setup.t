#!/bin/sh
# setup.t - what bin/quickstart and bin/check install: named first, with the right manager, as root or by sudo.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

mkdir base sys
for tool in sh date tail cat mktemp rm env getconf grep
do ln -s "$(command -v $tool)" "base/$tool"
done
stub() {	# stub NAME [SHELL]: notes how it was called, and does this
	printf '#!/bin/sh\nprintf "%%s\\n" "%s $*" >>"%s/calls"\n%s\n' "$1" "$FEDX_RUN" "${2-}" >"sys/$1"
	chmod +x "sys/$1"
}
system() { rm -rf sys; mkdir sys; stub id "echo $1"; }	# system UID: one with nothing
# install [test]: as quickstart and check do
install() {
	: >calls
	# shellcheck disable=SC2016
	PATH=$FEDX_RUN/sys:$FEDX_RUN/base sh -c 'log=log; : >log; . "$0/bin/setup.sh"; install_missing $1' \
		"$FEDX_SRC" "${1-}" >said 2>&1 </dev/null
}
calls() { grep -Ev '^(id|dpkg-query|rpm|sudo)' calls; }

# manager NAME FINDER-STUB FINDER-BODY INSTALL PACKAGES: nothing is installed, then all is
manager() {
	m_name=$1 m_finder=$2 m_install=$3 m_package=$4
	system 0
	stub "$m_name" "case \"\$1\" in info|list) exit 1 ;; esac"
	test "$m_finder" = "$m_name" || stub "$m_finder" 'exit 1'
	ok "$m_name: what is missing is installed" install
	like "$(cat said)" "installing with $m_name: .*$m_package" '... said before it is'
	like "$(calls)" "^$m_name $m_install.* $m_package( |\$)" '... by name'
	is "$(grep -c '^sudo' calls)" 0 '... without sudo, as root'
	plain=$(calls | wc -w)
	install test
	ok '... and more for the tests' test "$(calls | wc -w)" -gt "$plain"
	stub "$m_name"
	case $m_finder in
	dpkg-query) stub dpkg-query 'echo installed' ;;
	*) stub "$m_finder" ;;
	esac
	ok "$m_name: nothing is missing" install test
	is "$(cat said)" '' '... and nothing is said'
	is "$(grep -Ec ' (install|add|update) ' calls)" 0 '... or done'
}
manager apt-get dpkg-query 'install -y --no-install-recommends' libbearssl-dev
manager dnf rpm 'install -y' bearssl-devel
manager apk apk add bearssl-dev
manager pkg pkg 'install -y' bearssl
manager brew brew install libev

system 1000
stub apt-get; stub dpkg-query 'exit 1'; stub sudo '"$@"'
ok 'who is not root uses sudo' install
like "$(cat calls)" '^sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y' '... for what installs'
rm sys/sudo
stub doas '"$@"'
ok 'or doas' install
like "$(cat calls)" '^doas .*apt-get install -y' '... likewise'
rm sys/doas
ok 'with neither' expect_status 1 install
like "$(cat said)" 'not root, and neither sudo nor doas is here; as root, run: apt-get' '... is told what to run as root'
system 0
stub dpkg-query 'exit 1'; stub apt-get 'echo "E: no such package"; exit 100'
ok 'a manager that fails' expect_status 1 install
like "$(cat said)" 'E: no such package' '... its words are shown'
like "$(tail -n 1 said)" "'apt-get update' failed; the log is log" '... and the last line says what failed'
system 0
ok 'no manager that is known' install
like "$(cat said)" 'no package manager .*INSTALL says what is needed' '... is said'

for program in quickstart check
do
	ok "$program explains itself" sh "$FEDX_SRC/bin/$program" --help
	ok "$program: a wrong word" expect_status 64 sh "$FEDX_SRC/bin/$program" nonsense
	ok "$program can be executed" test -x "$FEDX_SRC/bin/$program"
done
ok 'so can .ci/run' test -x "$FEDX_SRC/.ci/run"
for f in README.md INSTALL LICENSE CHANGES VERSION
do ok "there is a $f" test -s "$FEDX_SRC/$f"
done
like "$(head -n 3 "$FEDX_SRC/LICENSE")" 'ISC|Permission to use, copy, modify' 'it is the ISC licence'
like "$(cat "$FEDX_SRC/CHANGES")" "$(sed 's/\./\\./g' "$FEDX_SRC/VERSION")" 'CHANGES knows this version'
for command in ./bin/quickstart ./bin/check
do ok "the README has $command" grep -q "$command" "$FEDX_SRC/README.md"
done
done_testing
