#!/bin/sh
# configure.t - configure finds what is there, names what is not, and takes what packagers pass.
. "${0%/*}/../lib/tap.sh"
mkdir "$FEDX_RUN/b" && cd "$FEDX_RUN/b" || exit 1
unset CC CFLAGS CPPFLAGS LDFLAGS LIBS AR RANLIB INSTALL MAKEFLAGS

configure() { sh "$FEDX_SRC/configure" "$@" >out 2>err </dev/null; }
says() { grep -Eq -e "$1" "$2"; }

# --- a library that is not there ---

ok 'without its libraries it fails' expect_status 1 configure LIBEV_LIBS=-lnone-such BEARSSL_LIBS=-lnone-such \
	CARES_LIBS=-lnone-such WSLAY_LIBS=-lnone-such
setup=$FEDX_SRC/bin/setup.sh
while read -r name option debian fedora alpine freebsd brew
do
	like "$(cat err)" "^  $name: Debian $debian, Fedora $fedora, Alpine $alpine, FreeBSD $freebsd, Homebrew:? $brew" \
		"$name is named with its package on five systems"
	ok '... and how to say where it is' says "with-$option=DIR" err
	for package in "$debian" "$fedora" "$alpine" "$freebsd"
	do ok "... and setup.sh knows $package" says "(^|[ 	])$package( |\$)" "$setup"
	done
done <<'END'
libev libev libev-dev libev-devel libev-dev libev libev
BearSSL bearssl libbearssl-dev bearssl-devel bearssl-dev bearssl none
c-ares cares libc-ares-dev c-ares-devel c-ares-dev c-ares c-ares
wslay wslay libwslay-dev wslay-devel wslay-dev wslay wslay
END
ok 'it leaves no Makefile' not test -e Makefile
ok '... but a log of each question' says '^== for wslay' config.log
like "$(cat config.log)" 'cannot find -lnone-such|none-such.*not found|unable to find library -lnone-such' '... and why the answer was no'
ok 'a directory for a library that is not there' expect_status 1 configure --with-libev="$FEDX_RUN/none"
like "$(cat err)" 'no directory ".*/none" to look for libev in' '... is named'
ok 'a compiler that does not work' expect_status 1 configure CC=false
like "$(cat err)" 'false does not build a program \(see config\.log\)' '... is named'
mkdir "$FEDX_RUN/bin"
for tool in sh uname sed cat rm tr grep
do ln -s "$(command -v $tool)" "$FEDX_RUN/bin/$tool"
done
no_compiler() { PATH=$FEDX_RUN/bin sh "$FEDX_SRC/configure" >out 2>err; }
ok 'no compiler at all' expect_status 1 no_compiler
like "$(cat err)" 'no C compiler: install gcc or clang .*Debian.*Fedora.*Alpine.*macOS' '... with what to install'

# --- words ---

ok 'an argument that nobody knows' expect_status 64 configure nonsense
like "$(cat err)" 'unknown argument "nonsense"' '... is named'
ok '... with the usage' says '^usage: configure' err
ok 'an option that nobody knows' expect_status 64 configure --nonsense
ok 'a directory that is not said' expect_status 64 configure --prefix
ok 'a variable that is none' expect_status 64 configure a-b=c
ok 'help' configure --help
ok '... is on standard output' says '^usage: configure' out
ok 'nothing on standard error' test ! -s err

ok 'all that packagers pass' configure --build=x86_64-linux-gnu --prefix=/opt/fedx --exec-prefix=/opt/fedx --bindir=/opt/fedx/bin \
	--sbindir=/opt/fedx/sbin --libdir=/opt/fedx/lib --libexecdir=/opt/fedx/libexec --includedir=/opt/fedx/include \
	--datadir=/opt/fedx/share --datarootdir=/opt/fedx/share --sysconfdir=/etc --localstatedir=/var \
	--runstatedir=/run --mandir=/opt/man --docdir=/opt/doc --infodir=/opt/info --disable-silent-rules \
	--disable-dependency-tracking --disable-maintainer-mode --disable-option-checking CFLAGS='-O0 -DTHEIR_OWN'
is "$(cat err)" '' '... without a warning'
ok 'flags of the packager are kept' says "^CFLAGS *= *-O0 -DTHEIR_OWN\$" config.mk
ok 'so is where manuals go' says '^mandir *= */opt/man$' config.mk
ok 'and where sockets go' says 'RUNSTATEDIR "/run"' config.h
ok 'a table of what was found' says '^  libev +-' out
ok 'and what is next' says '^Next: make' out

before=$(cat config.h config.mk rules.mk Makefile | cksum)
rm config.mk
ok 'config.status does the same again' sh ./config.status
is "$(cat config.h config.mk rules.mk Makefile | cksum)" "$before" '... exactly'
ok 'what is not known to be enabled' configure --enable-nonsense --with-nonsense=x -q
is "$(grep -c 'warning: unknown option .* is ignored' err)" 2 '... is a warning'
is "$(cat out)" '' '-q says nothing else'
is "$(cd "$FEDX_SRC" && git status --porcelain -- config.h config.mk rules.mk Makefile 2>/dev/null)" '' 'nothing is written where the source is'
done_testing
