"""What the program can see of what was typed: its own path, the command, the folders of `--read`.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os

from jhansi_runner.runner import sandbox
from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError
from jhansi_runner.runner.workspace import PEOPLE, SHARED, true_path
from jhansi_runner.runner.workspace_lock import is_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from jhansi_runner.proxy.paths import Paths
    from jhansi_runner.runner.job import Job
    from jhansi_runner.runner.ticket import Ticket

_HOSTS_OWN = ("/proc", "/sys", "/dev", "/etc", "/run", sandbox.HOME, sandbox.WORKSPACE, *sandbox.PLACES)
"""Places that are the sandbox's own, or must not be shown."""
_HOSTS_PACKAGES = ("pip", "pip3")
"""Commands that can be seen, and that start a package of the host's Python, which cannot."""


def require_command(name: str, path: str, found: Ticket, dependencies: str) -> None:
    """Raise RunnerError unless the command is there to be run, as far as the host can tell.

    `path` is the sandbox's PATH, `dependencies` is where the set is on the host.
    """
    if name.startswith(("/sandbox/", "./", "../")) or ("/" in name and not name.startswith("/")):
        return
    if any(name == known for known, _ in found.named):
        return
    candidates = [name] if name.startswith("/") else [f"{folder}/{name}" for folder in path.split(":")]
    for candidate in candidates:
        seen = candidate
        if dependencies and candidate.startswith(found.place + "/"):
            seen = dependencies + candidate.removeprefix(found.place)
        if os.path.lexists(seen):
            if name in _HOSTS_PACKAGES and not candidate.startswith(found.place + "/"):
                lines = ("what is named in requirements.txt is installed for it; name pip there to have pip itself",)
                raise RunnerError(f"{name} is a package of the host's, and hidden", code=NOTHING_TO_RUN, lines=lines)
            return
    raise RunnerError(f"there is no command {name} in the sandbox", code=NOTHING_TO_RUN, lines=(f"looked in {path}",))


def shown_entry(job: Job) -> str:
    """The program's path as it sees itself: as it was typed, where that works inside too."""
    asked = job.options.file
    path = f"{sandbox.WORKSPACE}/{job.entry}"
    if not os.path.isabs(asked) and os.path.normpath(os.path.join(job.cwd, asked)) == path:
        return asked if not asked.startswith("-") else "./" + asked
    return path


def shown_paths(read: Sequence[str], job: Job) -> list[tuple[str, str]]:
    """What `--read` shows: the true path, and the place as it was typed. Raises RunnerError for what is not shown."""
    shown = []
    private = _own_folders(job.folders)
    for asked in read:
        place = os.path.abspath(asked)
        path = true_path(place, lambda each: is_known(job.folders, each))
        if not os.path.exists(path):
            raise RunnerError(f"--read {asked}: there is no such file or folder")
        if any(path == home or _below(home, path) for home in _homes()):
            raise RunnerError(f"--read {asked}: would show your home folder, with its keys and passwords")
        if any(p == path or _below(p, path) or _below(path, p) for p in private):
            raise RunnerError(f"--read {asked}: jhansi-runner keeps its own state there")
        if path in SHARED:
            raise RunnerError(f"--read {asked}: all of this host shares it, sockets of other programs included")
        if any(p == top or _below(p, top) for p in (path, place) for top in _HOSTS_OWN):
            raise RunnerError(f"--read {asked}: this place is the host's own, or the sandbox's, and is not shown")
        if place != "/usr" and not _below(place, "/usr"):
            shown.append((path, place))
    return shown


def private_folders(folders: Paths) -> list[str]:
    """The true paths of what no program may see: the user's home as a whole, and the folders of our state."""
    return [*_homes(), *_own_folders(folders)]


def _own_folders(folders: Paths) -> list[str]:
    return [os.path.realpath(path) for path in (folders.cache, folders.state, folders.data, folders.runtime)]


def _homes() -> list[str]:
    """The folder that HOME names, and that of the account: `sudo` and service managers let them differ."""
    import pwd

    found = {os.path.expanduser("~")}
    try:
        found.add(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        pass
    if os.getuid() == 0:  # to root, everybody's home is open
        found |= {each.pw_dir for each in pwd.getpwall() if PEOPLE[0] <= each.pw_uid <= PEOPLE[1]}
    return [os.path.realpath(path) for path in found]


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")
