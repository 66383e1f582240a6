#!/bin/sh
# dist.sh SRCDIR NAME - NAME.tar.gz of the source, the same bytes every time.
set -eu
name=$2
to=$(pwd)
cd "$1"
rm -rf "${to:?}/$name"
mkdir "$to/$name"
if test -e .git && git ls-files -z >/dev/null 2>&1
then git ls-files
else find . -type d '(' -name .git -o -path ./build -o -path "./$name" -o -path ./distcheck ')' -prune -o \
	-type f ! -name '*.o' ! -name '*.a' ! -name '*.tar.gz' ! -name 'config.*' ! -name rules.mk \
	! -path ./Makefile ! -path './bin/fedx-*' -print | sed 's|^\./||'
fi | sort | while IFS= read -r f
do
	test -f "$f" || continue	# removed, and not yet committed
	case $f in */*) mkdir -p "$to/$name/${f%/*}" ;; esac
	cp "$f" "$to/$name/$f"
	if test -x "$f"
	then chmod 755 "$to/$name/$f"
	else chmod 644 "$to/$name/$f"
	fi
done
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)}"
export SOURCE_DATE_EPOCH
cd "$to"
find "$name" -type d -exec chmod 755 {} +
stamp=$(TZ=UTC0 date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M.%S 2>/dev/null ||
	TZ=UTC0 date -r "$SOURCE_DATE_EPOCH" +%Y%m%d%H%M.%S)
find "$name" -exec env TZ=UTC0 touch -t "$stamp" {} +
owner='--owner=0 --group=0 --numeric-owner --format=ustar'
# shellcheck disable=SC2086
tar $owner -cf /dev/null "$name" 2>/dev/null ||
	owner='--uid 0 --gid 0 --numeric-owner --format ustar'
# shellcheck disable=SC2086
find "$name" -type f | LC_ALL=C sort | tar $owner -cf "$name.tar" -T -
gzip -9nf "$name.tar"
rm -rf "$name"
