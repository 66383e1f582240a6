#!/bin/sh
# disk.sh - a service: the disks of this machine as a table.
#
#	fedx-probe serve disk --methods 'report folders' -- sh disk.sh
#	fedx-probe call disk report
#
# report: each file system; folders: what the directories below the service's own one take.
LC_ALL=C
export LC_ALL

# shellcheck disable=SC2016	# for awk, not for the shell
size='function size(k) {
	return k >= 1048576 ? sprintf("%.1fG", k / 1048576) : k >= 1024 ? sprintf("%.1fM", k / 1024) : k "k"
}'

case ${FEDX_METHOD-} in
report)
	# df fails when one of many cannot be asked, and still prints the others
	df -Pk 2>/dev/null | awk "$size"'
		NR == 1 { printf "%8s %8s %5s  %s\n", "size", "free", "used", "mounted on"; next }
		$2 > 0 && !seen[$1, $2, $3]++ {
			where = $6
			for (i = 7; i <= NF; i++)
				where = where " " $i
			if (where ~ /^\/(dev|proc|sys|run)(\/|$)/ || ++rows > 12)
				next
			printf "%8s %8s %5s  %s\n", size($2), size($4), $5, where
		}
		END { exit rows ? 0 : 1 }' ;;
folders)
	du -sk ./* 2>/dev/null | sort -rn | awk "$size"'
		NR <= 12 { k = $1; sub(/^[0-9]+[ \t]+(\.\/)?/, ""); printf "%8s  %s\n", size(k), $0 }' ;;
*)
	echo "disk has report and folders, not '${FEDX_METHOD-}'" >&2
	exit 64 ;;
esac
