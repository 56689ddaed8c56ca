#!/usr/bin/env bash
# Prepares .venv: dependencies by hash, this tree, the command. Does nothing when it is up to date.
# As root it installs missing system packages; an ordinary user is told in one line which are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "jhansi-runner: $*" >&2; exit 1; }

is_recent() { "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -I -c 'import ensurepip, venv' 2>/dev/null; }

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# Prints the first Python that is new enough and can make environments, else the first that is new enough.
# The system's comes first, even if root has to complete it: one from root's own version manager is of no use
# to the ordinary users of this machine.
find_python() {
    local candidate recent=""
    for candidate in /usr/bin/python3 python3.13 python3.12 python3.11 python3; do
        candidate=$(command -v "$candidate") || continue
        is_recent "$candidate" || continue
        if has_venv "$candidate" || { can_install && [[ $candidate == /usr/bin/* ]]; }; then echo "$candidate"; return; fi
        recent=${recent:-$candidate}
    done
    echo "$recent"
}

missing_packages() {
    command -v bwrap >/dev/null || echo bubblewrap
    [ -e /etc/ssl/certs/ca-certificates.crt ] || [ ! -e /etc/debian_version ] || echo ca-certificates
    if [ -z "$python" ]; then
        command -v python3 >/dev/null || printf '%s\n' python3 python3-venv
    elif ! has_venv "$python"; then
        case $python in /usr/bin/python3*) echo "$(basename "$python")-venv" ;; esac
    fi
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
}

python=$(find_python)
packages=$(missing_packages | tr '\n' ' ')
if [ -n "$packages" ] && can_install; then
    echo "jhansi-runner: installing system packages: $packages" >&2
    # shellcheck disable=SC2086  # one argument for each package
    install_packages $packages
    python=$(find_python)
    packages=$(missing_packages | tr '\n' ' ')
fi
[ -z "$packages" ] || fail "missing system packages; on Debian or Ubuntu: sudo apt-get install $packages"
[ -n "$python" ] || fail "needs Python 3.11 or newer; found $(python3 -V 2>&1) as $(command -v python3)"
has_venv "$python" || fail "$python cannot make environments: it lacks the standard modules venv and ensurepip"

# The stamp holds all that the environment depends on; a tree that was copied or moved is set up anew.
state=$(cat requirements-build.lock requirements-dev.lock pyproject.toml scripts/bootstrap.sh scripts/develop.py \
    scripts/launcher.sh; "$python" -V; pwd -P)
stamp=$(sha256sum <<<"$state")
[ "$(cat .venv/jhansi-runner.stamp 2>/dev/null)" != "$stamp" ] || exit 0

echo "jhansi-runner: setting up .venv with $("$python" -V)" >&2
version() { "$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# Scripts name their interpreter by its path, so those of an environment that was moved belong to another one.
is_usable() {
    [ "$(version .venv/bin/python)" = "$(version "$python")" ] && grep -qsF "$(pwd -P)/.venv/bin/" .venv/bin/pip
}

is_usable || "$python" -I -m venv --clear .venv
rm -f .venv/jhansi-runner.stamp

# pip and setuptools first: the few dependencies that come as source are then built with this setuptools, and
# not with whatever an isolated build would download without a hash.
pip() { .venv/bin/python -I -m pip --disable-pip-version-check "$@"; }
pip install -q --require-hashes --no-deps -r requirements-build.lock
pip install -q --require-hashes --no-deps --no-build-isolation --use-pep517 -r requirements-dev.lock
.venv/bin/python -I scripts/develop.py
echo "$stamp" > .venv/jhansi-runner.stamp
