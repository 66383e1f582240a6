#!/bin/sh
# readme.t - the README of each folder of src names each of its files.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC/src" || exit 1

for folder in *
do
	test -d "$folder" || continue
	unnamed=''
	for f in "$folder"/*.[ch]
	do
		stem=${f##*/} stem=${stem%.[ch]}
		grep -Eq "(^|[^a-z0-9_])$stem([^a-z0-9_]|\$)" "$folder/README" 2>/dev/null || unnamed="$unnamed $stem"
	done
	is "$unnamed" '' "src/$folder/README names its files"
done
done_testing
