#!/bin/sh
# quickstart.t - the first command of the README, as a new user runs it: in a directory with nothing but the source.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
unset CC CFLAGS CPPFLAGS LDFLAGS LIBS MAKEFLAGS MFLAGS MAKELEVEL MAKE FEDX_BIN FEDX_BUILD FEDX_DEMO

name=fedx-$(cat "$FEDX_SRC/VERSION")
sh "$FEDX_SRC/bin/dist.sh" "$FEDX_SRC" "$name" >/dev/null
gzip -dc "$name.tar.gz" | tar -xf -
# nothing is installed on behalf of a test: each manager has all it is asked for
mkdir bin
for manager in dpkg-query rpm apk pkg brew
do
	command -v "$manager" >/dev/null || continue
	printf '#!/bin/sh\necho installed\n' >"bin/$manager"
	chmod +x "bin/$manager"
done
PATH=$FEDX_RUN/bin:$PATH
quickstart() { (cd / && "$FEDX_RUN/$name/bin/quickstart") >said.new 2>&1 </dev/null; status=$?; mv said.new said; cat said; return "$status"; }

since=$(date +%s)
ok 'it works' quickstart
took=$(($(date +%s) - since))
ok "in under three minutes ($took s)" test "$took" -lt $((180 * FEDX_TEST_SLOW))
like "$(cat said)" '^\[ *[0-9]+ s\] configuring and building in build/quickstart' 'it tells its progress'
like "$(cat said)" '^\[ *[0-9]+ s\] the demonstration' '... of each step'
like "$(tail -n 1 said)" '^quickstart: all of it worked; .*log is build/quickstart\.log' 'its last line is clear'
ok 'there is a log' grep -q '^\$ cd build/quickstart && configure' "$name/build/quickstart.log"
for f in fedx-hub fedx-leaf fedx-probe
do ok "$f is where it says" "$name/build/quickstart/bin/$f" -V
done
since=$(perl -e 'print((stat $ARGV[0])[9])' "$name/build/quickstart/bin/fedx-hub")
ok 'again' quickstart
is "$(perl -e 'print((stat $ARGV[0])[9])' "$name/build/quickstart/bin/fedx-hub")" "$since" '... it builds nothing again'
is "$(cd "$name" && find . -type f -newer VERSION ! -path './build/*')" '' 'nothing is written but in build'
printf 'int main(void) { return x; }\n' >"$name/src/hub/main.c"
ok 'a source that does not compile' expect_status 1 quickstart
like "$(tail -n 1 said)" '^quickstart: make in build/quickstart failed; the log is .*build/quickstart\.log' '... is said in the last line'
like "$(cat said)" 'main\.c.*error' '... with what the compiler said before it'
done_testing
