# Fills site from a lock: install.sh MVN. Nothing is left that differs from what the lock says.
set -eu
cd /stage
if [ ! -f sums.txt ]; then
    sh resolve.sh "$1"
fi
cd site/repository
[ ! -s /stage/wanted.txt ] || sha256sum --quiet --strict -c /stage/wanted.txt
cp /stage/classpath.txt /stage/site/classpath
