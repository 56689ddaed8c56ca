# Compiles a program's sources and starts its class; what was compiled is kept for the next time.
#
#   java.sh -1 [-n RELEASE] FILE [ARGUMENT...]       starts one file as it is
#   java.sh -m CLASS [OPTION...] -- [ARGUMENT...]    -f FILE and -s FOLDER are sources, -c FOLDER is a folder of resources;
#                                                    -n RELEASE, -p for features that are previews, -t for tests, -j JDK,
#                                                    -a where a public class is in a file of another name,
#                                                    -x OPTION for javac, -r OPTION for java
#
# Paths are those of the workspace. The classes are found again by the hash of all that went into them.
set -eu

keep=/keep/java
set_of=/deps
main='' release='' preview='' tests='' jdk='' plain='' any='' options='' running='' files='' roots='' resources=''
line='
'
refused() {
    echo 'a path with a line break in it cannot be compiled: rename it' >&2
    exit 1
}

while getopts '1am:n:pts:f:c:j:x:r:' option; do
    case ${OPTARG-} in
        *"$line"*) refused ;;
    esac
    case $option in
        1) plain=1 ;;
        a) any=1 ;;
        m) main=$OPTARG ;;
        n) release=$OPTARG ;;
        p) preview=1 ;;
        t) tests=1 ;;
        j) jdk=$OPTARG ;;
        x) options=$options$OPTARG$line ;;
        r) running=$running$OPTARG$line ;;
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

# A path that begins like an option is none.
plainly() {
    case $1 in
        [A-Za-z0-9_./]*) printf %s "$1" ;;
        *) printf %s "./$1" ;;
    esac
}

# Each step by itself: the status of a pipe is that of its end.
listed() {
    IFS=$line
    set -f
    for each in $roots; do
        find "$(plainly "$each")" -type f -name '*.java' ! -name module-info.java -print0 >>"$list"
    done
    for each in $files; do
        printf '%s\0' "$(plainly "$each")" >>"$list"
    done
    set +f
    unset IFS
    if [ "$(tr -cd '\n' <"$list" | wc -c)" != 0 ]; then
        refused
    fi
    LC_ALL=C sort -z -o "$list" "$list"
}

compiled() {
    if [ -n "$any" ]; then
        env -u JDK_JAVA_OPTIONS java $JHANSI_JVM /launch/Compile.java "$new/.javac" "$new/.sources"
    else
        javac "@$new/.javac" "@$new/.sources"
    fi
}

each_quoted() {
    IFS=$line
    set -f
    for each in $1; do
        quoted "$each"
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
list=$(mktemp)
listed
hashes=$(xargs -0 -r sha256sum -- <"$list")
key=$(printf '%s\n' "$main" "$release" "$preview" "$jdk" "$resources" "$jars" "$options" "$running" "$hashes" | sha256sum | cut -c1-32)
classes=$keep/${key:?}

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
        each_quoted "$options"
    } >"$new/.javac"
    tr '\0' '\n' <"$list" | sed 's/[\\"]/\\&/g; s/.*/"&"/' >"$new/.sources"
    if ! compiled; then
        rm -rf "$new"
        exit 1
    fi
    {
        each_quoted "$running"
        printf '%s\n' -cp
        quoted "$classes$resources$jars"
    } >"$new/.run"
    find "$keep" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
    mv -T "$new" "$classes" 2>/dev/null || rm -rf "$new"
fi
rm -f "$list"
cd "$here"
set -f
exec java $JHANSI_JVM ${preview:+--enable-preview} "@$classes/.run" "$main" "$@"
