"""What Python projects need on other hosts, with the real uv in its sandbox and an index on loopback."""

from __future__ import annotations

import json

import pytest

from support.backends import backend_wheel, pyproject
from support.clients import program
from support.registry import Upstream
from support.user import User
from support.warming import HERE, purls, warmed
from support.wheels import make_sdist, make_wheel

ARM = ("3.12", "aarch64")

pytestmark = pytest.mark.usefixtures("index")


@pytest.fixture
def index(user: User, upstream: Upstream) -> Upstream:
    """`fast` has wheels for hosts of several kinds, the newest for few."""
    upstream.add(make_wheel("fast", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64"))
    upstream.add(make_wheel("fast", "2.0", tag="cp311-cp311-manylinux_2_39_x86_64"))
    upstream.add(make_wheel("fast", "3.0", tag="cp312-cp312-manylinux_2_28_aarch64"))
    user.policy(upstream.url)
    return upstream


def test_each_target_gets_the_versions_that_have_a_wheel_for_its_python_its_machine_and_old_and_new_libraries(
    user: User,
) -> None:
    user.write("requirements.txt", "fast\nclick\n")
    here = warmed(user, "requirements.txt", HERE)
    assert here["trouble"] == []
    both = ["pkg:pypi/click@8.0", "pkg:pypi/fast@1.0", "pkg:pypi/fast@2.0", "pkg:pypi/packaging@1.0"]
    assert purls(here) == both
    assert purls(warmed(user, "requirements.txt", ARM))[1] == "pkg:pypi/fast@3.0"
    all_ = warmed(user, "requirements.txt", HERE, ARM)
    assert purls(all_) == [*both[:3], "pkg:pypi/fast@3.0", both[3]]
    where = {purl: (file, line) for purl, file, line, _, _ in all_["exacts"]}
    assert where["pkg:pypi/click@8.0"] == ("requirements.txt", 2)
    assert where["pkg:pypi/packaging@1.0"] == ("requirements.txt", 0)
    needing = {purl: targets for purl, _, _, _, targets in all_["exacts"] if targets}
    assert needing == {both[1]: ["3.11"], both[2]: ["3.11"], "pkg:pypi/fast@3.0": ["3.12"]}


def test_markers_are_the_target_s_and_not_this_host_s(user: User) -> None:
    lines = ["six; python_version >= '3.12'", "click; platform_machine == 'x86_64'", "packaging"]
    user.write("requirements.txt", "\n".join(lines))
    assert purls(warmed(user, ".", HERE)) == ["pkg:pypi/click@8.0", "pkg:pypi/packaging@1.0"]
    assert purls(warmed(user, ".", ARM)) == ["pkg:pypi/packaging@1.0", "pkg:pypi/six@1.16.0"]


def test_what_one_target_cannot_have_is_told_and_the_others_get_theirs(user: User) -> None:
    user.write("requirements.txt", "fast<3\nsix\n")
    found = warmed(user, "requirements.txt", HERE, ARM)
    assert purls(found) == ["pkg:pypi/fast@1.0", "pkg:pypi/fast@2.0", "pkg:pypi/six@1.16.0"]
    assert all(each.startswith("Python 3.12 on linux-aarch64 with glibc 2.") for each in found["trouble"])
    assert "fast" in found["trouble"][0]


def test_what_only_old_hosts_cannot_have_is_a_note(user: User, index: Upstream) -> None:
    index.add(make_wheel("new", "1.0", tag="cp311-cp311-manylinux_2_39_x86_64"))
    user.write("requirements.txt", "new\n")
    found = warmed(user, "requirements.txt")
    assert (purls(found), found["trouble"]) == (["pkg:pypi/new@1.0"], [])
    assert found["notes"][0].startswith("Python 3.11 on linux-x86_64 with glibc 2.28: ")


def test_what_the_policy_denies_is_told_with_its_rule_and_the_rest_goes_on(user: User, index: Upstream) -> None:
    user.policy(index.url, "rules:\n  - {deny: 'pkg:pypi/click', reason: it clicks}\n")
    user.write("requirements.txt", "six\nclick\n")
    found = warmed(user, "requirements.txt")
    assert purls(found) == ["pkg:pypi/six@1.16.0"]
    (told,) = found["trouble"]
    assert told.startswith("requirements.txt:2: ")
    assert "it clicks" in told


def test_the_hashes_that_the_author_wrote_are_wanted(user: User) -> None:
    wheel = make_wheel("six", "1.15.0")
    user.write("requirements.txt", f"six==1.15.0 --hash=sha256:{wheel.sha256}\npackaging\n")
    found = warmed(user, "requirements.txt")
    hashes = {purl: values for purl, _, _, values, _ in found["exacts"]}
    assert hashes == {"pkg:pypi/six@1.15.0": [f"sha256:{wheel.sha256}"], "pkg:pypi/packaging@1.0": []}


def test_a_file_of_another_name_is_the_one_that_decides(user: User) -> None:
    user.write("pyproject.toml", '[project]\nname = "own"\nversion = "1"\ndependencies = ["six"]\n')
    user.write("requirements.txt", "click\n")
    user.write("requirements-dev.txt", "-r more.in\n")
    user.write("more.in", "packaging\n")
    assert purls(warmed(user, ".")) == ["pkg:pypi/six@1.16.0"]
    assert purls(warmed(user, "requirements.txt")) == ["pkg:pypi/click@8.0", "pkg:pypi/packaging@1.0"]
    dev = warmed(user, "requirements-dev.txt")
    assert purls(dev) == ["pkg:pypi/packaging@1.0"]
    assert dev["exacts"][0][1] == "more.in"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pipfile", '[packages]\nsix = "*"\n'),
        ("setup.cfg", "[options]\ninstall_requires =\n  six\n"),
        ("pyproject.toml", '[tool.poetry]\nname = "own"\n[tool.poetry.dependencies]\npython = "^3.11"\nsix = "*"\n'),
        ("main.py", "import six\n"),
    ],
)
def test_manifests_of_every_kind_and_sources_without_one(user: User, name: str, text: str) -> None:
    user.write(name, text)
    assert purls(warmed(user, ".")) == ["pkg:pypi/six@1.16.0"]
    assert purls(warmed(user, name)) == ["pkg:pypi/six@1.16.0"]


def test_what_has_no_wheel_is_built_here_for_this_host_and_left_to_be_built_on_others(
    user: User, index: Upstream
) -> None:
    index.add(make_sdist("plain", "1.0", requires=["six"]))
    user.write("requirements.txt", "plain\n")
    found = warmed(user, "requirements.txt", HERE, ARM)
    assert purls(found) == ["pkg:pypi/plain@1.0", "pkg:pypi/six@1.16.0"], found
    assert found["trouble"] == []
    (note,) = found["notes"]
    assert note.startswith("Python 3.12 on linux-aarch64: not everything has a wheel")
    assert "building here" in found["said"]
    assert found["fetched"] == ["pkg:pypi/plain@1.0", "pkg:pypi/six@1.16.0"]
    assert "building here" not in warmed(user, "requirements.txt", ARM)["said"]


def test_what_a_build_says_that_is_asked_counts_and_what_it_requires_is_wanted_too(user: User, index: Upstream) -> None:
    index.add(backend_wheel())
    user.write("pyproject.toml", pyproject())
    user.write("needs.in", "click\n")
    found = warmed(user, "pyproject.toml", ARM)
    assert purls(found) == ["pkg:pypi/click@8.0", "pkg:pypi/jr-backend@1.0", "pkg:pypi/packaging@1.0"], found


def test_no_source_is_built_where_the_policy_denies_it(user: User, index: Upstream) -> None:
    user.policy(index.url, "sdists: deny\n")
    user.write("requirements.txt", "attrs\n")
    found = warmed(user, "requirements.txt")
    assert purls(found) == []
    assert found["trouble"]


def test_open_package_urls_are_resolved_together_or_alone_where_they_do_not_agree(user: User, index: Upstream) -> None:
    listed = "pkg:pypi/six <1.16\npkg:pypi/click\n"
    found = warmed(user, "want.txt", listed=listed)
    assert purls(found) == ["pkg:pypi/click@8.0", "pkg:pypi/packaging@1.0", "pkg:pypi/six@1.15.0"]
    assert {each[1] for each in found["exacts"]} == {"want.txt"}
    index.add(make_wheel("old", "1.0", requires=["six<1.16"]))
    apart = warmed(user, "want.txt", listed="pkg:pypi/old\npkg:pypi/six >=1.16\n")
    assert purls(apart) == ["pkg:pypi/old@1.0", "pkg:pypi/six@1.15.0", "pkg:pypi/six@1.16.0"]
    assert apart["trouble"] == []
    listed = "pkg:pypi/click\npkg:pypi/packaging\npkg:pypi/not-there-at-all\npkg:pypi/six\n"
    one = warmed(user, "want.txt", listed=listed)
    assert purls(one) == ["pkg:pypi/click@8.0", "pkg:pypi/packaging@1.0", "pkg:pypi/six@1.16.0"]
    assert one["trouble"] and all("not-there-at-all" in each for each in one["trouble"])


def test_a_range_that_the_registry_cannot_have_is_told_with_its_line(user: User) -> None:
    found = warmed(user, "want.txt", listed="\npkg:pypi/six --index-url=http://evil.test/\n")
    assert found["error"].startswith("want.txt:2: '--index-url=http://evil.test/' is no range")


def test_offline_it_is_the_proof_that_all_is_there(user: User, index: Upstream) -> None:
    user.write("requirements.txt", "click\n")
    before = warmed(user, "requirements.txt", offline=True)
    assert purls(before) == [] and before["trouble"]
    user.write("main.py", "import click\n")
    assert user.exec("main.py").returncode == 0
    index.requests.clear()
    after = warmed(user, "requirements.txt", offline=True)
    assert purls(after) == ["pkg:pypi/click@8.0", "pkg:pypi/packaging@1.0"]
    assert (after["trouble"], index.requests) == ([], [])


def test_options_of_a_manifest_links_and_what_is_no_manifest_are_told(user: User) -> None:
    user.write("requirements.txt", f"--index-url {json.dumps('http://evil.test/')}\nsix\n")
    found = warmed(user, ".")
    assert purls(found) == ["pkg:pypi/six@1.16.0"]
    assert any("evil.test" in note or "index" in note for note in found["notes"]), found
    secret = user.write(user.home / "secret.txt", "six\n")
    (user.work / "linked.txt").symlink_to(secret)
    assert "link" in warmed(user, "linked.txt")["error"]
    user.write("outside.txt", "-r ../../home/secret.txt\n")
    assert "outside.txt:1" in warmed(user, "outside.txt")["error"]
    user.write("photo.xyz", "")
    assert warmed(user, "photo.xyz")["code"] == 127
    assert warmed(user, "nothing.txt")["error"].startswith("there is no nothing.txt")


def test_a_folder_in_several_languages_is_warmed_for_each_and_what_is_wrong_with_one_does_not_stop_the_others(
    user: User,
) -> None:
    program("npm")
    user.write("requirements.txt", "six\n")
    user.write("package.json", "{broken")
    user.write("tools/pyproject.toml", "")
    found = warmed(user, ".")
    assert purls(found) == ["pkg:pypi/six@1.16.0"]
    (told,) = found["trouble"]
    assert told.startswith("node: package.json:1: ")
    assert any(note.startswith("./tools/pyproject.toml: ") for note in found["notes"]), found
