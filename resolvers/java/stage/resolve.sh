# Resolves pom.xml into site/repository: resolve.sh MVN. What was found is in artifacts.txt, all hashes are in sums.txt.
set -eu
cd /stage
repository=/stage/site/repository
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
mkdir -p "$repository"
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

"$1" -B -q -s settings.xml -gs settings.xml -f pom.xml "-Dmaven.repo.local=$repository" \
    -DoutputFile=/stage/artifacts.txt -DappendOutput=true -DoutputAbsoluteArtifactFilename=true \
    "$plugin:list" "$plugin:tree"

while read -r group name version file packaging; do
    rm -rf "${repository:?}/$group/$name/$version"
done <modules.txt
[ -f artifacts.txt ] || : >artifacts.txt
cd "$repository"
find . -type f ! -name '*.sha1' ! -name '*.lastUpdated' ! -name '_remote.repositories' -exec sha256sum {} + >/stage/sums.txt
