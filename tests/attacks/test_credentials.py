"""What the tools of a user keep of their passwords, keys and agents: none of it is in the sandbox."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hostile import in_build, in_run
from support.ordinary import ORDINARY_GID, ORDINARY_UID
from support.registry import Upstream
from support.user import User
from support.weakened import weakened

pytestmark = pytest.mark.attack

CANARY = "jr-canary-credential"
_IN_HOME = """
.aws/credentials .aws/sso/cache/token.json .azure/msal_token_cache.json .config/gcloud/credentials.db .oci/oci_api_key
.ssh/id_ed25519 .ssh/config .ssh/known_hosts .gnupg/private-keys-v1.d/key .password-store/key.gpg .netrc .authinfo
.kube/config .docker/config.json .config/containers/auth.json .helm/repository/repositories.yaml .minikube/client.key
.npmrc .yarnrc.yml .pypirc .config/pip/pip.conf .m2/settings.xml .m2/settings-security.xml .gradle/gradle.properties
.cargo/credentials.toml .gem/credentials .bundle/config .composer/auth.json .nuget/NuGet/NuGet.Config .config/go/env
.git-credentials .config/git/credentials .gitconfig .config/gh/hosts.yml .config/glab-cli/config.yml .config/hub
.terraform.d/credentials.tfrc.json .vault-token .config/op/config .config/doctl/config.yaml .fly/config.yml
.databrickscfg .snowsql/config .kaggle/kaggle.json .cache/huggingface/token .config/rclone/rclone.conf .s3cfg .boto
.pgpass .my.cnf .mongorc.js .rediscli_auth .dbshell .psql_history .bash_history .zsh_history .python_history
.node_repl_history .local/share/fish/fish_history .viminfo .lesshst .mozilla/firefox/p.default/logins.json
.config/google-chrome/Default/Cookies .config/chromium/Default/Cookies .thunderbird/p/key4.db .config/Code/storage.json
.local/share/keyrings/login.keyring .config/evolution/mail .mutt/muttrc .msmtprc .Xauthority .ICEauthority .irssi/config
.config/claude/credentials.json .codex/auth.json .config/cryptsetup/key .electrum/wallets/w .bitcoin/wallet.dat core
"""
IN_HOME = _IN_HOME.split()
IN_RUNTIME = ("krb5cc/tkt", "keyring/pkcs11", "doc/portal")
VARIABLES = (
    "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "NPM_TOKEN", "VAULT_TOKEN", "KUBECONFIG", "DOCKER_HOST", "SSH_AUTH_SOCK",
    "SSH_AGENT_PID", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "DISPLAY",
    "XAUTHORITY", "KRB5CCNAME", "PGPASSWORD", "OPENAI_API_KEY", "PIP_INDEX_URL", "LD_PRELOAD_CANARY",
)  # fmt: skip
SOCKETS = (
    "bus", "systemd/private", "systemd/notify", "wayland-0", "pulse/native", "pipewire-0", "podman/podman.sock",
    "docker.sock", "containerd/containerd.sock", "gnupg/S.gpg-agent", "gnupg/S.gpg-agent.ssh", "keyring/ssh",
    "ssh-agent.socket", "at-spi/bus_0", "vscode-ipc.sock",
)  # fmt: skip

SEARCH = """
import os, socket
CANARY, FILES, SOCKETS = %r
RESULT = [name for name, value in os.environ.items() if CANARY in value]
for path in FILES:
    try:
        with open(path) as file: RESULT += [path] if CANARY in file.read() else []
    except OSError: pass
for path in SOCKETS:
    try:
        with socket.socket(socket.AF_UNIX) as endpoint: endpoint.connect(path)
        RESULT.append(path)
    except OSError: pass
"""


class Planted:
    """Credentials of a user: `files`, and the `sockets` of agents that answer."""

    def __init__(self, user: User, stack: contextlib.ExitStack) -> None:
        self.runtime = user.folder(user.root / "runtime")
        files = [*(user.home / name for name in IN_HOME), *(self.runtime / name for name in IN_RUNTIME)]
        for folder in ("/tmp", "/var/tmp", "/dev/shm"):
            files.append(Path(folder, f"krb5cc_{ORDINARY_UID}_{os.getpid()}"))
            stack.callback(files[-1].unlink, missing_ok=True)
        self.files = [str(user.write(path, CANARY)) for path in files]
        self.sockets = []
        for name in SOCKETS:
            path = user.folder((self.runtime / name).parent) / Path(name).name
            agent = stack.enter_context(socket.socket(socket.AF_UNIX))
            path.unlink(missing_ok=True)
            agent.bind(str(path))
            agent.listen()
            os.chown(path, ORDINARY_UID, ORDINARY_GID)
            self.sockets.append(str(path))

    @property
    def search(self) -> str:
        """Code whose `RESULT` names what of all this it found."""
        return SEARCH % ((CANARY, self.files, self.sockets),)


@pytest.fixture
def planted(user: User) -> Iterator[Planted]:
    with contextlib.ExitStack() as stack:
        before = dict(user.env)
        user.env |= dict.fromkeys(VARIABLES, f"/run/{CANARY}")
        yield Planted(user, stack)
        user.env = before


def test_no_credential_and_no_agent_is_within_reach_of_a_program(user: User, planted: Planted) -> None:
    places = (str(user.home), str(planted.runtime), "/var/tmp")
    shown = [word for place in places for word in ("--ro-bind", place, place)]
    outside = {path for path in planted.files if path.startswith(("/tmp/krb5", "/dev/shm/krb5"))}
    shown += [word for path in outside for word in ("--ro-bind", path, path)]
    with weakened(user, ("--remount-ro", "/"), ("--remount-ro", "/dev"), add=shown):
        assert set(in_run(user, planted.search)) == {*planted.files, *planted.sockets}, "this shows nothing"
    assert in_run(user, planted.search) == []


def test_nor_of_a_build(user: User, upstream: Upstream, planted: Planted) -> None:
    assert in_build(user, upstream, planted.search, "search_credentials") == []


def test_a_variable_is_given_by_name_alone(user: User, planted: Planted) -> None:
    assert in_run(user, planted.search, "--env", "GITHUB_TOKEN") == ["GITHUB_TOKEN"]


def test_folders_of_the_host_where_secrets_may_lie_are_not_there(user: User) -> None:
    """What root and services keep: mail, timers, crashes, tokens of containers, sockets of daemons."""
    places = """/root /home /run /var /srv /opt /mnt /media /sys /boot /etc/shadow /etc/sudoers /etc/ssh /etc/cron.d
    /etc/krb5.keytab /etc/kubernetes /var/run/secrets /var/run/docker.sock /var/spool/mail /var/spool/cron /var/crash
    /var/lib/systemd/coredump /run/user /run/docker.sock /run/containerd/containerd.sock /run/dbus/system_bus_socket
    /run/systemd/private /run/secrets /tmp/.X11-unix /tmp/.ICE-unix /dev/mem /dev/kmsg /dev/kvm /dev/fuse /dev/vsock
    /dev/net/tun /dev/sda /dev/vda /dev/loop0 /dev/mapper /dev/input /dev/snd /dev/dri /dev/nvidia0 /dev/uinput
    /dev/userfaultfd /dev/vhost-vsock /dev/mqueue /dev/hugepages /dev/log"""
    names = places.split()
    assert [name for name in names if os.path.lexists(name)], "the host has none of them: this shows nothing"
    assert in_run(user, f"import os\nRESULT = [name for name in {names!r} if os.path.lexists(name)]") == []
