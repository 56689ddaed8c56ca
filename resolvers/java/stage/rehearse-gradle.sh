# Builds and tests a copy of a project with an empty home of Gradle: rehearse-gradle.sh GRADLE JVM-OPTIONS.
set -uf
gradle=$1
export GRADLE_OPTS="$2" JHANSI_JVM="$2"
cd /stage || exit
mkdir project && tar -xf project.tar -C project && cd project || exit
timeout 1800 "$gradle" $JHANSI_JVM -g /stage/gradle --no-daemon --console=plain -I /stage/central.gradle \
    -I /stage/rehearse.gradle --continue build rehearse >/stage/said.txt 2>&1 && exit
words=$(sed -n -e '/^\* What went wrong/,/^\* Try/p' /stage/said.txt | grep -v -e '^\* ' -e '^$' | head -n 25)
printf '%s\n' "${words:-$(tail -n 12 /stage/said.txt)}" >&2
exit 1
