# Asks a Gradle build what it depends on: ask.sh GRADLE FOLDER, that of the project below its build's.
#
# Where the build gave up, only what tells why comes on stderr: Gradle's advice is for whoever called it.
set -eu
mkdir /tmp/build /tmp/gradle
tar -xf /stage/project.tar -C /tmp/build
export "JHANSI_ASKED=/tmp/build/$2"
cd "$JHANSI_ASKED"
echo 'org.gradle.jvmargs=-Xmx1g' >/tmp/gradle/gradle.properties
if "$1" -q --offline --no-daemon --console=plain -g /tmp/gradle -I /launch/ask.gradle -Dorg.gradle.parallel=false \
    -Dorg.gradle.caching=false -Dorg.gradle.configureondemand=false help >/tmp/said 2>&1; then
    exec cat /tmp/answer
fi
sed -n -e '/^\* Try/d' -e '/^$/d' -e 's#/tmp/build/##g' -e '/^\* Wh/,/^\* Get/p' /tmp/said >/tmp/why
[ -s /tmp/why ] || cp /tmp/said /tmp/why
grep -v -e '^\* Get more help' -e '^Run with --' -e '^> Run with --' /tmp/why >&2 || :
plugin=$(sed -n "s/^Plugin \[id: '\([^']*\)'.*/\1/p" /tmp/said | head -n 1)
if [ -n "$plugin" ]; then
    echo "no plugin of others, such as $plugin, is there when a build is asked: Gradle's plugin portal is no registry" >&2
elif grep -q 'offline mode' /tmp/said; then
    echo 'nothing that a build itself is made with (its buildscript, buildSrc) is fetched when it is asked' >&2
fi
exit 1
