#!/bin/sh
# install.t - install brings what it should and uninstall takes all of it; dist makes the same bytes each time.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_BUILD" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
make=${MAKE:-make}
"$make" -n programs 2>/dev/null | grep -q -e ' -c ' && skip_all 'the programs are older than their source: make'

root=$FEDX_RUN/root said=$FEDX_RUN/said
# the directories of another prefix, as packagers have them
run() { "$make" DESTDIR="$root" prefix=/usr mandir=/usr/share/man docdir=/usr/share/doc/fedx \
	systemdunitdir=/usr/lib/systemd/system rcdir=/usr/etc/rc.d "$@" >"$said" 2>&1; }
files() { (cd "$root" && find . ! -type d | LC_ALL=C sort); }
modes() { (cd "$root" && find . -type f -exec ls -l {} + | awk '{ print substr($1, 1, 10), $NF }' | LC_ALL=C sort -k2); }
names() { for f in "$FEDX_SRC"/$1; do test ! -f "$f" || echo "$2${f##*/}"; done; }

want() {
	printf './usr/%s\n' sbin/fedx-hub sbin/fedx-leaf bin/fedx-probe share/bash-completion/completions/fedx-probe \
		share/zsh/site-functions/_fedx-probe share/doc/fedx/README.md share/doc/fedx/CHANGES share/doc/fedx/LICENSE
	for f in "$FEDX_SRC"/share/man/*.[1-9]; do echo "./usr/share/man/man${f##*.}/${f##*/}"; done
	names 'share/doc/*' ./usr/share/doc/fedx/
	names 'share/systemd/*' ./usr/lib/systemd/system/
	names 'share/rc.d/freebsd/*' ./usr/etc/rc.d/
	names 'share/examples/*.sh' ./usr/share/doc/fedx/examples/
	(cd "$FEDX_SRC/share/examples" && find policies three-clusters -type f | sed 's|^|./usr/share/doc/fedx/examples/|')
}
ok 'it installs' run install
is "$(want | while read -r f; do test -f "$root/$f" || echo "$f"; done)" '' 'programs, manuals, completions, documents, examples'
is "$(modes | awk '$1 != "-rwxr-xr-x" && $2 ~ /bin\// || $1 !~ /^-rw[x-]r-[x-]r-[x-]$/')" '' '... that all may read, and run if they are programs'
is "$(find "$root" -type d ! -perm 755)" '' '... in directories for all'
is "$(cat "$root"/usr/lib/systemd/system/*.service "$root"/usr/etc/rc.d/* | grep -Ec '@[a-z]+@')" 0 'units and rc scripts have their paths'
like "$(cat "$root/usr/lib/systemd/system/fedx-hub.service")" '^ExecStart=/usr/sbin/fedx-hub ' '... those of this installation'
for f in sbin/fedx-hub sbin/fedx-leaf bin/fedx-probe
do is "$("$root/usr/$f" -V | head -n 1)" "${f##*/} $(cat "$FEDX_SRC/VERSION")" "${f##*/} runs from there"
done
ok 'installcheck is content' run installcheck
if command -v mandoc >/dev/null
then is "$(mandoc "$root/usr/share/man/man8/fedx-hub.8" 2>&1 | head -n 1 | tr -s ' ')" 'FEDX-HUB(8) System Manager'\''s Manual FEDX-HUB(8)' 'a manual can be read'
else skip 'mandoc is not installed'
fi
first=$(modes)
ok 'again' run install
is "$(modes)" "$first" 'it is the same'

echo mine >"$root/usr/share/doc/fedx/examples/mine"
ok 'uninstall' run uninstall
is "$(files)" ./usr/share/doc/fedx/examples/mine 'takes all that is ours, and only that'
ok 'again' run uninstall
rm -rf "$root"
careful() { (umask 077; run install); }
ok 'whoever installs with umask 077' careful
is "$(modes)" "$first" '... does so for all'
is "$(find "$root" -type d ! -perm -755)" '' '... directories too'

# --- dist ---

name=fedx-$(cat "$FEDX_SRC/VERSION")
mkdir "$FEDX_RUN/one" "$FEDX_RUN/two"
dist() { (cd "$FEDX_RUN/$1" && sh "$FEDX_SRC/bin/dist.sh" "$FEDX_SRC" "$name"); }
ok 'a tarball' dist one
SOURCE_DATE_EPOCH=1700000000; export SOURCE_DATE_EPOCH
ok 'another, of another time' dist two
ok '... is another' not cmp -s "$FEDX_RUN/one/$name.tar.gz" "$FEDX_RUN/two/$name.tar.gz"
mv "$FEDX_RUN/two/$name.tar.gz" "$FEDX_RUN/two/before"
later() { (umask 027; TZ=Asia/Tokyo dist two); }
ok 'the same time, in another place' later
ok '... is the same bytes' cmp "$FEDX_RUN/two/$name.tar.gz" "$FEDX_RUN/two/before"
list=$(gzip -dc "$FEDX_RUN/one/$name.tar.gz" | tar -tf -)
for f in configure Makefile.in VERSION README.md INSTALL LICENSE CHANGES bin/quickstart bin/check .ci/run \
	src/hub/main.c t/lib/tap.sh share/man/fedx-hub.8
do ok "it has $f" sh -c 'printf "%s\n" "$1" | grep -Fqx -e "$2"' - "$list" "$name/$f"
done
is "$(printf '%s\n' "$list" | grep -Ev "^$name/")" '' 'all is in one directory'
is "$(printf '%s\n' "$list" | grep -E '/\.git/|^fedx-[^/]*/build/|\.[oa]$|/config\.(h|mk|log|status)$|/rules\.mk$|/Makefile$')" '' 'nothing that was built'
done_testing
