"""How each package manager is told to use the mirror.

A mirror that asks for a token is named with it, as `https://any:TOKEN@mirror.example`. The token may be `${NAME}`: that
stands for a variable of the environment, and is written as each client reads one.

Source: the documentation of each client; docs/clients.md says which versions were tried, and what they did.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from jhansi_runner.proxy.team import jvm

_ASKED = f"Where the mirror asks for a token: --url '{jvm.ASKING}', with the token in that variable."
_GO_PLAIN = "Go sends a token over HTTPS only: serve with a certificate."


@dataclass(frozen=True, slots=True)
class Setup:
    """What a client needs: variables for the environment, and files by where they belong.

    In values, `${NAME}` is where a token belongs that the user keeps in the variable NAME. `hint` is a line for people,
    "" for none.
    """

    variables: Mapping[str, str]
    files: Mapping[str, str]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class _Mirror:
    """A mirror's URL taken apart; `base` has no credentials and no slash at the end. `token` is "" for none."""

    base: str
    full: str
    user: str
    token: str

    @property
    def plain(self) -> bool:
        """Whether it is spoken to without TLS."""
        return self.base.startswith("http:")

    @property
    def name(self) -> str:
        """Its host, without a port."""
        return urlsplit(self.base).hostname or ""


def _read(url: str) -> _Mirror:
    parts = urlsplit(url)
    token = parts.password or ""
    token = token if jvm.VARIABLE.fullmatch(token) else unquote(token)
    base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
    return _Mirror(base, url.rstrip("/"), unquote(parts.username or ""), token)


def _pip(mirror: _Mirror) -> Setup:
    plain = {"PIP_TRUSTED_HOST": mirror.name} if mirror.plain else {}
    return Setup({"PIP_INDEX_URL": f"{mirror.full}/pypi/simple/", **plain}, {})


def _uv(mirror: _Mirror) -> Setup:
    return Setup({"UV_DEFAULT_INDEX": f"{mirror.full}/pypi/simple/"}, {})


def _npm(mirror: _Mirror) -> Setup:
    # Audits and the fund message are requests that the mirror refuses, or does not need. A lock file that names
    # another mirror, or a former port of this one, works too.
    quiet = {"npm_config_audit": "false", "npm_config_fund": "false", "npm_config_replace_registry_host": "always"}
    return Setup({"npm_config_registry": f"{mirror.base}/npm/", **quiet}, _npmrc(mirror))


def _npmrc(mirror: _Mirror, *more: str) -> Mapping[str, str]:
    """npm, pnpm and Yarn classic take a token from a file only: its key is no name that a shell can export."""
    place = f"{mirror.base.partition(':')[2]}/npm/:"
    lines = (f"{place}_authToken={mirror.token}", *(f"{place}{line}" for line in more))
    return {"~/.npmrc": "".join(f"{line}\n" for line in lines)} if mirror.token else {}


def _pnpm(mirror: _Mirror) -> Setup:
    return Setup({"npm_config_registry": f"{mirror.base}/npm/"}, _npmrc(mirror))


def _yarn(mirror: _Mirror) -> Setup:
    return Setup({"YARN_REGISTRY": f"{mirror.base}/npm/"}, _npmrc(mirror, "always-auth=true"))


def _berry(mirror: _Mirror) -> Setup:
    plain = {"YARN_UNSAFE_HTTP_WHITELIST": mirror.name} if mirror.plain else {}
    token = {"YARN_NPM_ALWAYS_AUTH": "true", "YARN_NPM_AUTH_TOKEN": mirror.token} if mirror.token else {}
    server = {"YARN_NPM_REGISTRY_SERVER": f"{mirror.base}/npm", "YARN_ENABLE_TELEMETRY": "0"}
    return Setup({**server, **plain, **token}, {})


def _go(mirror: _Mirror) -> Setup:
    # Without `,direct`: what the mirror refuses is not to be fetched from its origin.
    return Setup({"GOPROXY": f"{mirror.full}/golang", "GOTOOLCHAIN": "local"}, {}, _GO_PLAIN if mirror.plain else "")


def _maven(mirror: _Mirror) -> Setup:
    return Setup({}, {"~/.m2/settings.xml": jvm.settings_xml(f"{mirror.base}/maven/", mirror.user, mirror.token)})


def _gradle(mirror: _Mirror) -> Setup:
    script = jvm.init_gradle(f"{mirror.base}/maven/", mirror.user, mirror.token, plain=mirror.plain)
    return Setup({}, {"~/.gradle/init.d/jhansi-runner.gradle": script})


_MAKERS: Mapping[str, Callable[[_Mirror], Setup]] = {
    "pip": _pip,
    "uv": _uv,
    "npm": _npm,
    "pnpm": _pnpm,
    "yarn": _yarn,
    "yarn-berry": _berry,
    "go": _go,
    "maven": _maven,
    "gradle": _gradle,
}


def _maker(make: Callable[[_Mirror], Setup]) -> Callable[[str], Setup]:
    def made(url: str) -> Setup:
        mirror = _read(url)
        setup = make(mirror)
        return replace(setup, hint=_ASKED) if setup.variables and not mirror.token else setup

    return made


CLIENTS: Mapping[str, Callable[[str], Setup]] = {name: _maker(make) for name, make in _MAKERS.items()}
"""By name of the client: what makes its settings for a mirror at a URL that ends without a slash."""


def shell(setup: Setup) -> str:
    """The settings as lines for a shell to evaluate, and files as comments with their text."""
    lines = [f"export {name}={_quoted(value)}" for name, value in setup.variables.items()]
    for place, text in setup.files.items():
        lines += [f"# In {place}:", *(f"#   {line}".rstrip() for line in text.splitlines())]
    if setup.hint:
        lines.append(f"# {setup.hint}")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """A word for a shell, in which `${NAME}` is replaced and nothing else."""
    parts = enumerate(jvm.VARIABLE.split(value))  # texts, and between them names
    return "".join(f'"${{{part}}}"' if at % 2 else shlex.quote(part) for at, part in parts if part) or "''"
