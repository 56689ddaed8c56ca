# Compiles a program's sources and starts its class; what was compiled is kept for the next time.
#
#   java.sh -1 [-n RELEASE] FILE [ARGUMENT...]       starts one file as it is
#   java.sh -m CLASS [OPTION...] -- [ARGUMENT...]    -f FILE and -s FOLDER are sources, -c FOLDER is a folder of resources;
#                                                    -n RELEASE, -p for features that are previews, -t for tests, -j JDK
#
# Paths are those of the workspace. The classes are found again by the hash of all that went into them.
set -eu

keep=/keep/java
set_of=/deps
main='' release='' preview='' tests='' jdk='' plain='' files='' roots='' resources=''
line='
'
while getopts '1m:n:pts:f:c:j:' option; do
    case $option in
        1) plain=1 ;;
        m) main=$OPTARG ;;
        n) release=$OPTARG ;;
        p) preview=1 ;;
        t) tests=1 ;;
        j) jdk=$OPTARG ;;
        f) files=$files$OPTARG$line ;;
        s) roots=$roots$OPTARG$line ;;
        c) resources=$resources:/sandbox/$OPTARG ;;
        *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))

if [ -n "$plain" ]; then
    set -f
    exec java $JHANSI_JVM ${release:+--source "$release"} ${preview:+--enable-preview} "$@"
fi

listed() {
    IFS=$line
    set -f
    for each in $roots; do
        find "$each" -type f -name '*.java' ! -name module-info.java -print0 | LC_ALL=C sort -z
    done
    for each in $files; do
        printf '%s\0' "$each"
    done
    set +f
    unset IFS
}

quoted() {
    printf '"%s"\n' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

here=$PWD
cd /sandbox
jars=
if [ -f "$set_of/classpath" ]; then
    while read -r scope path; do
        if [ "$scope" != test ] || [ -n "$tests" ]; then
            jars=$jars:$set_of/repository/$path
        fi
    done <"$set_of/classpath"
fi
key=$({
    printf '%s\n' "$main" "$release" "$preview" "$jdk" "$resources" "$jars"
    listed | xargs -0 -r sha256sum
} | sha256sum | cut -c1-32)
classes=$keep/$key

if [ ! -f "$classes/.run" ]; then
    mkdir -p "$keep"
    new=$(mktemp -d "$keep/.new-XXXXXX")
    {
        printf '%s\n' -d
        quoted "$new"
        printf '%s\n' -encoding UTF-8 -g -parameters -nowarn -XDsuppressNotes -implicit:none -cp
        quoted "${jars#:}"
        echo -sourcepath # none: what is compiled unasked would be missed when it changes
        quoted "$new"
        if [ -n "$preview" ]; then
            printf '%s\n' --enable-preview
        fi
        if [ -n "$release" ]; then
            printf '%s\n' --release "$release"
        fi
        case ${jdk%%.*} in
            ? | 1? | 20) ;;
            *) [ -z "$jars" ] || echo -proc:full ;;
        esac
        listed | tr '\0' '\n' | sed 's/[\\"]/\\&/g; s/.*/"&"/'
    } >"$new/.javac"
    if ! javac "@$new/.javac"; then
        rm -rf "$new"
        exit 1
    fi
    {
        printf '%s\n' -cp
        quoted "$classes$resources$jars"
    } >"$new/.run"
    find "$keep" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
    mv -T "$new" "$classes" 2>/dev/null || rm -rf "$new"
fi
cd "$here"
set -f
exec java $JHANSI_JVM ${preview:+--enable-preview} "@$classes/.run" "$main" "$@"
