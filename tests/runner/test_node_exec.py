"""Node programs from end to end: what is installed, what runs, and what is refused or told."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import pytest

from support.npm_tree import policy
from support.registry.npm import NpmUpstream
from support.user import User

pytestmark = pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="Node is not installed")

PRINT = "console.log(require('lodash'), require('express').lodash)"


@pytest.fixture
def npm() -> Iterator[NpmUpstream]:
    """A registry with packages under names that everybody knows: index.js exports the version."""
    with NpmUpstream() as up:
        up.add("lodash", "3.0.0")
        up.add("lodash", "4.0.0")
        up.add(
            "express", "1.0.0", {"index.js": "exports.lodash = require('lodash')"}, dependencies={"lodash": "^3.0.0"}
        )
        esm = {"index.js": "export default import.meta.url", "cli.js": "#!/usr/bin/env node\r\nconsole.log('cli')"}
        up.add("chalk", "5.0.0", esm, type="module", bin={"chalk": "cli.js"})
        yield up


def allow(user: User, npm: NpmUpstream, rules: str = "default: allow\n") -> None:
    user.write(user.state / "policy.yaml", policy(npm, rules))


def sets(user: User) -> list[str]:
    folder = user.state / "state/sets"
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_the_first_run_installs_and_says_how_it_knew_and_the_second_says_nothing(user: User, npm: NpmUpstream) -> None:
    allow(user, npm)
    user.write("main.js", f"\n{PRINT}")
    first = user.exec("main.js")
    assert first.stdout == "4.0.0 3.0.0\n", first
    assert "import lodash, main.js:2 (known)" in first.stderr
    assert "lodash 4.0.0" in first.stderr
    npm.requests.clear()
    second = user.exec("main.js")
    assert (second.stdout, second.stderr, second.returncode) == ("4.0.0 3.0.0\n", "", 0)
    assert npm.requests == []
    assert os.listdir(user.work) == ["main.js"]


def test_a_second_workspace_with_the_same_needs_mounts_the_same_set_without_the_network(
    user: User, npm: NpmUpstream
) -> None:
    allow(user, npm)
    user.write("main.js", PRINT)
    assert user.exec("main.js").returncode == 0
    before, user.work = sets(user), user.folder(user.root / "another")
    user.write("main.js", PRINT)
    done = user.exec("--offline", "main.js")
    assert (done.stdout, sets(user)) == ("4.0.0 3.0.0\n", before)


def test_both_kinds_of_modules_find_packages_and_commands_are_on_path(user: User, npm: NpmUpstream) -> None:
    allow(user, npm)
    user.write("package.json", '{"type": "module", "dependencies": {"lodash": "^3", "chalk": "*"}}')
    user.write("main.js", "import url from 'chalk'; import v from 'lodash'; console.log(url, v)")
    user.write("old.cjs", "console.log(require('lodash'))")
    assert user.exec("main.js").stdout == "file:///node_modules/chalk/index.js 3.0.0\n"
    assert user.exec("old.cjs").stdout == "3.0.0\n"
    assert user.exec("--", "chalk").stdout == "cli\n"


def test_the_author_s_lock_decides(user: User, npm: NpmUpstream) -> None:
    allow(user, npm)
    listed = npm.packument("lodash")["versions"]["3.0.0"]["dist"]["integrity"]
    entry = {"version": "3.0.0", "integrity": listed, "resolved": "https://elsewhere.test/lodash.tgz"}
    packages = {"": {"dependencies": {"lodash": "*"}}, "node_modules/lodash": entry}
    user.write("package.json", '{"dependencies": {"lodash": "*"}}')
    user.write("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": packages}))
    user.write("main.js", "console.log(require('lodash'))")
    assert user.exec("main.js").stdout == "3.0.0\n"
    entry["integrity"] = npm.packument("lodash")["versions"]["4.0.0"]["dist"]["integrity"]
    user.write("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": packages}))
    wrong = user.exec("main.js")
    assert (wrong.stdout, wrong.returncode) == ("", 125)
    assert "EINTEGRITY" in wrong.stderr


@pytest.mark.parametrize("name", ["yarn.lock", "berry", "pnpm-lock.yaml"])
def test_the_locks_of_others_decide_too(user: User, npm: NpmUpstream, name: str) -> None:
    allow(user, npm)
    integrity = npm.packument("lodash")["versions"]["3.0.0"]["dist"]["integrity"]
    texts = {
        "yarn.lock": f'lodash@*:\n  version "3.0.0"\n  integrity {integrity}\n',
        "berry": '"lodash@npm:*":\n  version: 3.0.0\n  resolution: "lodash@npm:3.0.0"\n',
        "pnpm-lock.yaml": f"packages:\n  lodash@3.0.0:\n    resolution: {{integrity: {integrity}}}\n",
    }
    user.write("package.json", '{"dependencies": {"lodash": "*"}}')
    user.write(name.replace("berry", "yarn.lock"), texts[name])
    user.write("main.js", "console.log(require('lodash'))")
    done = user.exec("main.js")
    assert done.stdout == "3.0.0\n", done
    assert "npm installs the versions that it names" in done.stderr


def test_packages_of_the_workspace_are_the_workspace_s_own_files(user: User, npm: NpmUpstream) -> None:
    allow(user, npm)
    user.write("web/package.json", '{"workspaces": ["packages/*"]}')
    user.write("web/packages/a/package.json", '{"name": "@m/a", "bin": "cli.js", "dependencies": {"lodash": "^3"}}')
    user.write("web/packages/a/index.js", "exports.v = require('lodash'); exports.where = __filename")
    user.write("web/packages/a/cli.js", "#!/usr/bin/env node\nconsole.log(require('lodash'))", 0o700)
    user.write("web/packages/b/package.json", '{"name": "@m/b", "dependencies": {"@m/a": "workspace:*"}}')
    user.write("web/packages/b/main.mjs", "import a from '@m/a'; console.log(a.v, a.where)")
    assert user.exec("web/packages/b/main.mjs").stdout == "3.0.0 /sandbox/web/packages/a/index.js\n"
    user.write("web/packages/a/index.js", "exports.v = 'changed'")
    assert user.exec("web/packages/b/main.mjs").stdout == "changed undefined\n"


def test_packages_of_the_workspace_that_disagree_are_told_so(user: User, npm: NpmUpstream) -> None:
    allow(user, npm)
    user.write("package.json", '{"workspaces": ["a", "b"]}')
    for name, version in (("a", "3"), ("b", "4")):
        user.write(f"{name}/package.json", json.dumps({"name": name, "dependencies": {"lodash": version}}))
    user.write("a/main.js", "")
    done = user.exec("a/main.js")
    assert done.returncode == 125
    assert "let them agree on a version" in done.stderr


def test_no_configuration_and_no_script_of_the_workspace_is_obeyed(user: User, npm: NpmUpstream) -> None:
    allow(user, npm)
    user.write(".npmrc", "registry=https://evil.test/\nignore-scripts=false\nscript-shell=/sandbox/evil.sh\n")
    scripts = {"preinstall": "touch /sandbox/canary", "prepare": "touch /sandbox/canary"}
    user.write("package.json", json.dumps({"scripts": scripts, "dependencies": {"lodash": "*"}}))
    user.write("main.js", "console.log(require('lodash'))")
    done = user.exec("main.js")
    assert done.stdout == "4.0.0\n"
    assert "package.json:1: the script prepare is not run" in done.stderr
    assert ".npmrc: is not obeyed" in done.stderr
    assert not (user.work / "canary").exists()


def test_what_has_to_run_a_script_is_built_for_its_workspace_alone(user: User, npm: NpmUpstream) -> None:
    script = "require('fs').writeFileSync('made.js', 'module.exports = 7')"
    npm.add(
        "bcrypt",
        "1.0.0",
        {"index.js": "module.exports = require('./made.js')", "b.js": script},
        scripts={"install": "node b.js"},
    )
    allow(user, npm)
    user.write("main.js", "console.log(require('bcrypt'))")
    before = sets(user)
    done = user.exec("main.js")
    assert done.stdout == "7\n", done
    assert "run code of their own" in done.stderr
    assert sets(user) == before
    allow(user, npm, "default: allow\ninstall_scripts: deny\n")
    refused = user.exec("main.js")
    assert (refused.stdout, refused.returncode) == ("", 126), refused


def test_what_another_host_needs_is_not_installed(user: User, npm: NpmUpstream) -> None:
    npm.add("mac", "1.0.0", os=["darwin"], dependencies={"only-mac": "*"})
    npm.add("only-mac", "1.0.0")
    npm.add("old", "1.0.0", engines={"node": "<1"})
    npm.add("here", "1.0.0", os=["linux"])
    npm.add("axios", "1.0.0", optionalDependencies={"mac": "*", "old": "*", "here": "*"})
    allow(user, npm)
    user.write("main.js", "console.log(require('axios'))")
    found = user.exec_json("main.js")
    assert [each["name"] for each in found["installed"]] == ["axios", "here"], found
    assert found["stdout"] == "1.0.0\n"


def test_a_denied_package_is_126_with_the_rule(user: User, npm: NpmUpstream) -> None:
    allow(user, npm, "default: allow\nrules:\n  - deny: pkg:npm/lodash\n    reason: canary-reason\n")
    for source in ("require('lodash')", "require('express')"):
        user.write("main.js", source)
        done = user.exec("main.js")
        assert (done.stdout, done.returncode) == ("", 126), done
        assert "canary-reason" in done.stderr


def test_a_made_up_name_is_never_asked_for(user: User, npm: NpmUpstream) -> None:
    npm.add("expresss-helper-ai", "1.0.0")
    npm.add("lodahs", "1.0.0")
    allow(user, npm)
    user.write("main.js", "require('lodahs')")
    done = user.exec("main.js")
    assert done.returncode == 1
    assert "undecided: import lodahs (main.js:1)" in done.stderr
    assert "the closest known package is lodash" in done.stderr
    assert npm.requests == []


def test_what_the_scan_could_not_see_is_added_when_it_is_missing(user: User, npm: NpmUpstream) -> None:
    allow(user, npm)
    user.write("main.js", "const name = 'lod' + 'ash';\nconsole.log(require(name))")
    done = user.exec("main.js")
    assert done.stdout == "4.0.0\n", done


@pytest.mark.parametrize(
    ("dependencies", "words"),
    [
        ({"nothing-here": "^1"}, "404"),
        ({"lodash": "^99"}, "No matching version found for lodash@^99"),
        ({"lodash": "git+https://x.test/a.git"}, "package.json:1: lodash comes from"),
    ],
)
def test_what_cannot_be_had_is_named(user: User, npm: NpmUpstream, dependencies: dict[str, str], words: str) -> None:
    allow(user, npm)
    user.write("package.json", json.dumps({"dependencies": dependencies}))
    user.write("main.js", "")
    done = user.exec("main.js")
    assert done.returncode == 125
    assert words in done.stderr


def test_peers_that_do_not_fit_are_explained(user: User, npm: NpmUpstream) -> None:
    npm.add("react-dom", "1.0.0", peerDependencies={"lodash": "^3"})
    allow(user, npm)
    user.write("package.json", '{"dependencies": {"react-dom": "1", "lodash": "4"}}')
    user.write("main.js", "")
    done = user.exec("main.js")
    assert done.returncode == 125
    assert 'peer lodash@"^3" from react-dom@1.0.0' in done.stderr


@pytest.mark.online
def test_typescript_with_tsx_that_awaits_at_its_top(new_user: User) -> None:
    new_user.write(new_user.state / "policy.yaml", "version: 1\nregistries: {npm: {enabled: true}}\ndefault: allow\n")
    new_user.write(
        "main.ts", "import { z } from 'zod';\nenum A { X = 1 }\nconsole.log(await z.number().parseAsync(A.X))"
    )
    done = new_user.exec("main.ts", timeout=300)
    assert done.stdout == "1\n", done
    again = new_user.exec("main.ts")
    assert (again.stdout, again.stderr) == ("1\n", "")
