# Builds, tests and installs a copy of a project with an empty repository: rehearse-maven.sh MVN. Maven loads plugins, and
# surefire its provider for the project's kind of tests, when they are reached.
set -u
mvn=$1
cd /stage || exit
mkdir project repository && tar -xf project.tar -C project || exit

# What a module lacks stands in for what will be written: surefire fetches its provider for a class that may be a test.
filled() {
    find project -name pom.xml -not -path '*/src/*' | while read -r pom; do
        folder=${pom%/pom.xml}/src
        if [ ! -e "$folder/main" ]; then
            mkdir -p "$folder/main/java/rehearsal"
            echo 'package rehearsal; public class Main { public static void main(String[] words) { } }' \
                >"$folder/main/java/rehearsal/Main.java"
        fi
        if [ ! -e "$folder/test" ]; then
            mkdir -p "$folder/test/java/rehearsal"
            echo 'package rehearsal; public class MainTest { public void test() { } }' \
                >"$folder/test/java/rehearsal/MainTest.java"
        fi
    done
}

# A test that fails is no matter; one that waits for what a sandbox does not have is ended.
built() {
    cd /stage/project || exit
    "$mvn" -B -s /stage/settings.xml -gs /stage/settings.xml -Dmaven.repo.local=/stage/repository -fae \
        -Dmaven.test.failure.ignore=true -Dsurefire.timeout=600 -Dfailsafe.timeout=600 clean install >/stage/said.txt 2>&1
    status=$?
    cd /stage || exit
    return $status
}

filled
built && exit
cp said.txt first.txt
# Sources that do not compile keep their plugins from being reached: so without them.
find project -name src -type d -prune -exec rm -rf {} +
filled
built
words=$(sed -e 's/\x1b\[[0-9;]*m//g' -e 's/ -> \[Help 1\]$//' first.txt | grep -e '^\[ERROR\] *[^ ]' |
    grep -v -e '[Rr]e-run Maven' -e 'For more information' -e '^\[ERROR\] \[Help' -e 'After correcting' | head -n 12)
printf '%s\n' "${words:-$(tail -n 12 first.txt)}" >&2
exit 1
