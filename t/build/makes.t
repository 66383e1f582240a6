#!/bin/sh
# makes.t - the tarball builds out of tree and in it, with GNU make and BSD make, and goes without a trace.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
unset CC CFLAGS CPPFLAGS LDFLAGS LIBS MAKEFLAGS MFLAGS MAKELEVEL MAKE DESTDIR

name=fedx-$(cat "$FEDX_SRC/VERSION")
ok 'there is a tarball' sh "$FEDX_SRC/bin/dist.sh" "$FEDX_SRC" "$name"
gzip -dc "$name.tar.gz" | tar -xf -
cp -r "$name" pristine
quiet() { (cd "$where" && "$@") >out 2>&1 </dev/null || { tail -n 15 out; return 1; }; }
files() { (cd "$1" && find . ! -type d | LC_ALL=C sort); }

# build MAKE WHERE CONFIGURE: all that a user does, in that order
build() {
	make=$1 where=$2
	what="$1 $(test "$2" = "$name" && echo 'in the tree' || echo 'out of tree')"
	# the flags are asked for: a warning is an error, but no time is lost to -O2
	ok "$what: configure" quiet sh "$3" -q --prefix=/opt/f CFLAGS='-O0 -Werror'
	ok "$what: make" quiet "$make" -j2
	: >stamp
	ok "$what: make, again" quiet "$make"
	is "$(find "$where" -type f -newer stamp)" '' "$what: there was nothing left to do"
	ok "$what: make t/lib/liar, a helper of the tests" quiet "$make" t/lib/liar
	touch "$name/src/base/str.h"
	like "$(cd "$where" && "$make" -n)" '-c .*src/base/str\.c' "$what: a header that changed is noticed"
	ok "$what: make install" quiet "$make" DESTDIR="$FEDX_RUN/root" install
	is "$(root/opt/f/sbin/fedx-hub -V | head -n 1)" "fedx-hub $(cat "$FEDX_SRC/VERSION")" "$what: it runs"
	files root >"installed.$make.${where%-*}"
	ok "$what: make uninstall" quiet "$make" DESTDIR="$FEDX_RUN/root" uninstall
	is "$(files root)" '' "$what: takes all of it"
	ok "$what: make clean" quiet "$make" clean
	is "$(files "$where" | grep -E '\.(o|a|t)$' | grep -Ev '^\./t/(build|e2e|tree|fuzz)/')" '' "$what: nothing built is left"
	ok "$what: make distclean" quiet "$make" distclean
}
for make in make bmake
do
	command -v "$make" >/dev/null || { skip "$make is not installed"; continue; }
	mkdir "out-$make"
	build "$make" "out-$make" "../$name/configure"
	is "$(find "out-$make" -mindepth 1)" '' "$what: nothing is left"
	is "$(diff -r pristine "$name")" '' "$what: the source is untouched"
	build "$make" "$name" ./configure
	is "$(diff -r pristine "$name")" '' "$what: the source is as it was"
done
is "$(for f in installed.*; do cksum <"$f"; done | sort -u | wc -l | tr -d ' ')" 1 'all of them install the same'
done_testing
