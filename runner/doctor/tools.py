"""The programs of the languages, and how to get what is missing: for an administrator, and without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.resolver import Resolver
from jhansi_runner.runner import toolchain
from jhansi_runner.runner.asked import NoAnswer
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, YOU, Finding, warning, well
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.host_remedies import install_command
from jhansi_runner.runner.interpreter import Planted

CODES = {"python": "JH-PYTHON", "node": "JH-NODE", "go": "JH-GO", "java": "JH-JAVA"}

# by language: names of packages by ID of os-release, then those of conda-forge
_PACKAGES = {
    "python": ({"debian": "python3", "fedora": "python3", "rhel": "python3.11", "suse": "python311", "arch": "python",
                "alpine": "python3"}, "python"),
    "node": (dict.fromkeys(("debian", "fedora", "rhel", "arch", "alpine"), "nodejs npm")
             | {"suse": "nodejs-default npm-default"}, "nodejs"),
    "go": ({"debian": "golang-go", "fedora": "golang", "rhel": "golang", "suse": "go", "arch": "go",
            "alpine": "go"}, "go"),
    "java": ({"debian": "default-jdk-headless maven", "fedora": "java-latest-openjdk-devel maven",
              "rhel": "java-21-openjdk-devel maven", "suse": "java-21-openjdk-devel maven",
              "arch": "jdk-openjdk maven", "alpine": "openjdk21-jdk maven"}, "openjdk maven"),
}  # fmt: skip


ABSENT, ELSEWHERE, UNKNOWN = "absent", "elsewhere", "unknown"


@dataclass(frozen=True, slots=True)
class Tool:
    """A language's programs as found. `trouble` says why they do not serve, "" where they do.

    `versions` are by program, `missing` are programs that it can do without. `state`
    tells what the trouble is: that it is not there or does not serve, that it is elsewhere, or that nothing is known.
    """

    language: str
    versions: Mapping[str, str]
    missing: tuple[str, ...] = ()
    trouble: str = ""
    hint: tuple[str, ...] = ()
    state: str = ABSENT


def look(resolver: Resolver, env: Mapping[str, str], planted: Planted, private: Sequence[str]) -> Tool:
    """The programs of a language, as `exec` finds them; each is asked for its version."""
    try:
        found = toolchain.find(resolver, None, env, planted, private)
    except toolchain.NotOnPath as error:
        return Tool(resolver.language, {}, trouble=str(error), hint=error.lines, state=ELSEWHERE)
    except NoAnswer as error:
        return Tool(resolver.language, {}, trouble=str(error), hint=error.lines, state=UNKNOWN)
    except RunnerError as error:
        return Tool(resolver.language, {}, trouble=str(error), hint=error.lines)
    names = tuple(program.name for program in resolver.programs if program.name not in found.tools.paths)
    return Tool(resolver.language, found.tools.versions, names if resolver.language != "python" else ())


def check_tool(tool: Tool, distribution: Sequence[str]) -> Finding:
    """Whether programs of a language can be run, and where not, what brings them."""
    code = CODES.get(tool.language, f"JH-{tool.language.upper()}")
    if not tool.trouble:
        versions = ", ".join(f"{name} {version}" for name, version in tool.versions.items())
        without = f"; without {', '.join(tool.missing)}, which some programs need" if tool.missing else ""
        return well(code, versions + without)
    if tool.state == ELSEWHERE:
        return warning(code, tool.trouble, tool.hint, YOU)
    if tool.state == UNKNOWN:
        return warning(code, tool.trouble, tool.hint, YOU, "whether it serves is not known; a run waits as long for it")
    names, conda = _PACKAGES.get(tool.language, ({}, ""))
    command = install_command(distribution, names)
    remedy = [*tool.hint]
    if command:
        remedy += [f"  {command}"]
    if conda:
        remedy += ["without an administrator, where there is conda or mamba:"] if command else []
        remedy += [
            f"  conda create -n tools -c conda-forge {conda}",
            '  export PATH="$(conda info --base)/envs/tools/bin:$PATH"',
        ]
    return warning(code, tool.trouble, remedy, ADMINISTRATOR if command else YOU)
