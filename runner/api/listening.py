"""Where the service listens: a unix socket of its user's, an address, or sockets that a supervisor hands over.

Source: unix(7); sd_listen_fds(3); sd_notify(3).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Mapping, MutableMapping

from jhansi_runner.proxy.paths import make
from jhansi_runner.proxy.team.supervisor import bind
from jhansi_runner.runner.api.peer import is_loopback
from jhansi_runner.runner.errors import RunnerError

SOCKET = "service.sock"
_LONGEST = 107
_FIRST = 3


def unix_listener(folder: str, name: str = SOCKET) -> socket.socket:
    """A unix socket that its user alone can connect to. What a server that died has left is replaced.

    Raises RunnerError where a server is there, or the path is too long for clients to name.
    """
    path = f"{folder}/{name}"
    if len(os.fsencode(path)) > _LONGEST:
        hint = "set JHANSI_HOME or XDG_RUNTIME_DIR to a shorter one, or listen at an address: --no-socket --listen"
        raise RunnerError(f"{path} is too long a path for a socket, which has {_LONGEST} bytes at most", lines=(hint,))
    make(folder)
    if _answers(path):
        hint = "use that one, or stop it first; --no-socket --listen HOST:PORT starts one beside it"
        raise RunnerError(f"a service is listening at {path} already", lines=(hint,))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(path)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise RunnerError(f"cannot listen at {path}: {error.strerror or error}") from None
    finally:
        os.umask(mask)
    return listener


def _answers(path: str) -> bool:
    """Whether a server listens at a path; a socket without one is removed. Raises RunnerError if it is no socket."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise RunnerError(f"{path} is not a socket", lines=("move it away",))
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return False
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno != errno.EAGAIN:  # it listens, and its queue is full
                raise RunnerError(f"cannot tell whether a service listens at {path}: {error.strerror}") from None
    return True


def remove_socket(path: str) -> None:
    """Remove the socket of a server that has ended, unless another one has taken its place. "" is none."""
    with contextlib.suppress(OSError, RunnerError):
        if path:
            _answers(path)


_HINTS = {
    errno.EADDRINUSE: "something else listens there: name another port, or 0 for any",
    errno.EACCES: "ports below 1024 are root's on most hosts: name another port, or 0 for any",
}


def tcp_listener(address: str, *, secure: bool, insecure: bool) -> socket.socket:
    """A socket at `host:port`. Without TLS others on the way would read tokens, so only on loopback or if told so."""
    try:
        listener = bind(address)
    except ValueError as error:
        raise RunnerError(str(error)) from None
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "name an address of this host")
        raise RunnerError(f"cannot listen at {address}: {error.strerror or error}", lines=(hint,)) from None
    try:
        check_secure(listener, secure=secure, insecure=insecure)
    except RunnerError:
        listener.close()
        raise
    return listener


def check_secure(listener: socket.socket, *, secure: bool, insecure: bool) -> None:
    """Raises RunnerError for an address where others on the way could read tokens, unless the operator said so."""
    host, port = listener.getsockname()[:2]
    if not secure and not insecure and not is_loopback(host):
        hint = "give it a certificate (--tls-cert, --tls-key), or say --insecure if something in front of it has one"
        raise RunnerError(f"{host}:{port} is not loopback: without TLS others on the way read tokens", lines=(hint,))


def handed_over(env: MutableMapping[str, str], pid: int) -> list[socket.socket]:
    """The listening sockets that a supervisor opened for us, if it did: systemd's socket activation.

    The variables are removed, so that no program of ours takes them for its own. Raises RunnerError.
    """
    count, whose = env.pop("LISTEN_FDS", ""), env.pop("LISTEN_PID", "")
    env.pop("LISTEN_FDNAMES", None)
    if not count or whose != str(pid):
        return []
    if not count.isdecimal() or not 0 < int(count) < 64:
        raise RunnerError(f"LISTEN_FDS is {count!r}, which is no number of sockets")
    found = []
    for descriptor in range(_FIRST, _FIRST + int(count)):
        os.set_inheritable(descriptor, False)
        try:
            listener = socket.socket(fileno=descriptor)
            listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError:
            listening = 0
        if not listening or listener.family not in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
            raise RunnerError(
                f"descriptor {descriptor}, which was handed over, is no listening socket",
                lines=("in a systemd unit, ListenStream= makes one",),
            )
        found.append(listener)
    return found


def notify(env: Mapping[str, str], state: str) -> None:
    """Tell the supervisor a state, such as READY=1, if it asked to be told."""
    place = env.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    address = "\0" + place[1:] if place.startswith("@") else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
        end.connect(address)
        end.send(state.encode())


def url_of(listener: socket.socket, scheme: str) -> str:
    """How the place is told: a URL, or a path for a unix socket."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"unix:{name if isinstance(name, str) else os.fsdecode(name)}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{scheme}://{host}:{name[1]}"
