"""What somebody learns of the host who names a link of a sandbox as the program to run: nothing."""

from __future__ import annotations

import pytest

from support.sandboxes import acted
from support.user import User

pytestmark = pytest.mark.attack

_ACT = """
async def act(service):
    box = await named(service, content=b"print(1)")
    lines = "ln -s {0}/policy.yaml file1; ln -s {0} folder; ln -s {0}/none none; ln -s {0}/none/none far"
    assert (await ran(service, box, command=lines.format(os.environ["JHANSI_HOME"]))).exit_code == 0
    told = {}
    for name in ("file1", "folder", "none", "far"):
        told[name] = (await ran(service, box, filename=name)).error.replace(name, "NAME")
    await ran(service, box, command="ln -s main.py inside")
    return [told, (await ran(service, box, filename="inside")).error]
"""


def test_whether_a_file_of_the_host_is_there_is_not_told(user: User) -> None:
    told, inside = acted(user, _ACT)
    assert len(set(told.values())) == 1, told
    assert told["file1"].startswith("there is no file NAME in sb_")
    assert "there is no file" not in inside
