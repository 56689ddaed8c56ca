"""Programs that add files and folders without end, which use up a file system and take none of the disk.

Each is first shown to add them where no limit says otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from support.user import User

pytestmark = pytest.mark.attack

MAKERS = {
    "empty files": "os.close(os.open(name, os.O_CREAT | os.O_WRONLY))",
    "folders": "os.mkdir(name)",
    "files in folders": """
        folder = f'in{number % 50}/' * (number % 20 + 1)
        os.makedirs(folder, exist_ok=True)
        os.close(os.open(folder + name, os.O_CREAT | os.O_WRONLY))""",
    "links": "os.symlink('nowhere', name)",
    "fifos": "os.mkfifo(name)",
    "sockets": "socket.socket(socket.AF_UNIX).bind(name)",
    "files without a name": "kept.append(os.open('.', os.O_TMPFILE | os.O_RDWR))",
    "files whose names are gone": """
        kept.append(os.open(name, os.O_CREAT | os.O_WRONLY))
        os.unlink(name)""",
    "files in a folder that closes itself": """
        if number == 0:
            os.mkdir('closed')
        os.close(os.open('closed/' + name, os.O_CREAT | os.O_WRONLY))
        if number == 2999:
            os.chmod('closed', 0)""",
}


def make(user: User, how: str, *options: str) -> dict[str, Any]:
    """What became of 3,000 of them; the program stays for a while, so that it can be looked at."""
    source = f"""
import os, resource, socket, sys, time
kept, most = [], resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
for number in range(3000):
    name = str(number)
    if True:
        {MAKERS[how].strip()}
os.write(1, b'made\\n')
time.sleep(float(sys.argv[1]))
if os.path.exists('closed'):
    os.chmod('closed', 0o700)
"""
    user.write("main.py", source)
    return user.exec_json(*options, "main.py", "15" if options else "0")


@pytest.mark.parametrize("how", MAKERS)
def test_files(how: str, user: User) -> None:
    found = make(user, how)
    assert (found["stdout"], found["exit_code"]) == ("made\n", 0), found
    user.shell("find . -mindepth 1 ! -name main.py -delete")
    found = make(user, how, "--files", "1000", "--disk", "1TiB")
    assert (found["exit_code"], found["limits"]["ended_by"]) == (137, "files"), found
    assert found["limits"]["reason"] == (
        "killed: the program added more files and folders than the 1000 that it may add; --files sets this"
    )
    user.shell("chmod -f 700 closed; find . -mindepth 1 -delete")


def test_files_that_were_there_or_go_again_do_not_count(user: User) -> None:
    for number in range(1100):
        user.write(f"before/{number}", "")
    source = """
import os, time
for number in range(3000):
    os.close(os.open(f'file{number}', os.O_CREAT | os.O_WRONLY))
    if number >= 400:  # while they are counted others come and go
        os.unlink(f'file{number - 400}')
time.sleep(1.5)
print('made')
"""
    user.write("main.py", source)
    found = user.exec_json("--files", "1000", "main.py")
    assert (found["stdout"], found["limits"]["ended_by"]) == ("made\n", None)
    assert found["limits"]["files"] == {"limit": 1000, "set_by": "--files", "held_by": "watcher"}
    user.shell("find . -mindepth 1 -delete")
