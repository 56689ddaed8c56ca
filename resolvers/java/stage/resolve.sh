# Resolves pom.xml into site/repository: resolve.sh MVN. What was found is in artifacts.txt, all hashes are in sums.txt.
set -eu
cd /stage
repository=/stage/site/repository
mkdir -p "$repository" resolve/META-INF/sisu
rm -f artifacts.txt sums.txt

# Modules of the workspace stand in the repository while it is filled: their poms, with nothing in their jars.
while read -r group name version file packaging; do
    folder=$repository/$group/$name/$version
    mkdir -p "$folder"
    cp "$file" "$folder/$name-$version.pom"
    if [ "$packaging" = jar ]; then
        printf 'PK\005\006\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' >"$folder/$name-$version.jar"
    fi
done <modules.txt

# Maven looks into the class with a reader of its own, which knows no newer form of classes than its own time's.
javac -d resolve --release 8 -Xlint:-options -proc:none -nowarn -cp "$(dirname "$1")/../lib/*" Resolve.java
echo Resolve >resolve/META-INF/sisu/javax.inject.Named
if ! "$1" -B -q -s settings.xml -gs settings.xml -f pom.xml "-Dmaven.repo.local=$repository" \
    -Dmaven.ext.class.path=/stage/resolve pre-clean >said.txt 2>&1; then
    # Advice on how to call Maven is for whoever called it.
    sed -e 's/\x1b\[[0-9;]*m//g' -e 's/ -> \[Help 1\]$//' said.txt |
        grep -v -e '^\[ERROR\] *$' -e '^$' -e 're-run Maven' -e 'Re-run Maven' -e 'For more information' -e '^\[ERROR\] \[Help' >&2
    exit 1
fi

while read -r group name version file packaging; do
    rm -rf "${repository:?}/$group/$name/$version"
done <modules.txt
cd "$repository"
find . -type f ! -name '*.sha1' ! -name '*.lastUpdated' ! -name '_remote.repositories' -exec sha256sum {} + >/stage/sums.txt
