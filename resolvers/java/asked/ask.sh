# Asks a Gradle build what it depends on: ask.sh GRADLE FOLDER, that of the project below its build's.
#
# Where the build gave up, only what tells why comes on stderr: Gradle's advice is for whoever called it.
set -eu
mkdir /tmp/build /tmp/gradle
tar -xf /stage/project.tar -C /tmp/build
# This plugin of the settings, which `gradle init` writes, tells where to fetch JDKs from, and is on no registry.
for settings in /tmp/build/settings.gradle /tmp/build/settings.gradle.kts; do
    [ ! -f "$settings" ] || sed -i '/org\.gradle\.toolchains\.foojay-resolver/d' "$settings"
done
export "JHANSI_ASKED=/tmp/build/$2"
cd "$JHANSI_ASKED"
printf 'org.gradle.%s\n' jvmargs=-Xmx1g parallel=false caching=false configureondemand=false vfs.watch=false \
    configuration-cache=false unsafe.configuration-cache=false unsafe.isolated-projects=false >/tmp/gradle/gradle.properties
if "$1" -q --offline --no-daemon --console=plain -g /tmp/gradle -I /launch/ask.gradle help >/tmp/said 2>&1; then
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
