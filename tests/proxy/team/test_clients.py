"""What `proxy env` prints can be evaluated, and says where a token belongs. tests/clients asks real clients."""

from __future__ import annotations

import json
import os
import subprocess
import xml.etree.ElementTree as ET

import pytest

from jhansi_runner.proxy.team.clients import CLIENTS, Setup, shell

PLAIN, TLS = "http://mirror.example:8080", "https://mirror.example/packages"
PLACEHOLDER = "https://any:${JHANSI_TOKEN}@mirror.example/packages"
NAMES = ["pip", "uv", "npm", "pnpm", "yarn", "yarn-berry", "go", "maven", "gradle"]
MAVEN = "{http://maven.apache.org/SETTINGS/1.0.0}"


def _evaluated(setup: Setup, **env: str) -> dict[str, str]:
    """What a shell has in its environment after evaluating the settings, beyond what it had."""
    before = {"PATH": os.defpath, **env}
    script = 'eval "$1" && env -0'
    done = subprocess.run(["/bin/sh", "-euc", script, "sh", shell(setup)], env=before, capture_output=True, check=True)
    assert done.stderr == b""
    pairs = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
    return {name: value for name, value in pairs.items() if name not in before and name not in ("PWD", "_")}


def _text(setup: Setup) -> str:
    return "".join(setup.files.values())


def _xml(setup: Setup) -> ET.Element:
    return ET.fromstring(_text(setup))  # noqa: S314  # our own


def test_every_client_is_there() -> None:
    assert list(CLIENTS) == NAMES


@pytest.mark.parametrize("url", [PLAIN, TLS, "http://[::1]:8080", 'http://user.example/$(x)`y`"z'])
@pytest.mark.parametrize("name", NAMES)
def test_a_shell_reads_the_settings_as_they_are_meant(name: str, url: str) -> None:
    setup = CLIENTS[name](url)
    assert _evaluated(setup) == dict(setup.variables)


@pytest.mark.parametrize("name", NAMES)
def test_a_token_that_is_in_a_variable_stays_there_until_it_is_needed(name: str) -> None:
    setup = CLIENTS[name](PLACEHOLDER)
    assert "JHANSI_TOKEN" in shell(setup)
    found = _evaluated(setup, JHANSI_TOKEN="s3cret")  # noqa: S106
    assert found == {key: value.replace("${JHANSI_TOKEN}", "s3cret") for key, value in setup.variables.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_token_in_the_url_is_written_as_each_client_reads_it(name: str) -> None:
    setup = CLIENTS[name]("https://any:a%40b%27c%26d@mirror.example")
    if name in ("pip", "uv", "go"):
        assert any("//any:a%40b%27c%26d@mirror.example/" in value for value in setup.variables.values())
    elif name == "maven":
        assert _xml(setup).findtext(f".//{MAVEN}password") == "a@b'c&d"
    elif name == "gradle":
        assert r"password = 'a@b\'c&d'" in _text(setup)
    else:
        assert "a@b'c&d" in {**setup.variables, "": _text(setup).partition("=")[2].split("\n")[0]}.values()


@pytest.mark.parametrize("name", NAMES)
def test_without_a_token_it_is_told_how_to_name_one(name: str) -> None:
    setup = CLIENTS[name](PLAIN)
    assert "https://any:${JHANSI_TOKEN}@HOST" in shell(setup)
    assert "password" not in shell(setup).lower() and "_auth" not in shell(setup).lower()


def test_plain_http_is_permitted_where_a_client_asks_and_for_this_host_alone() -> None:
    assert CLIENTS["pip"](PLAIN).variables["PIP_TRUSTED_HOST"] == "mirror.example"
    assert CLIENTS["yarn-berry"](PLAIN).variables["YARN_UNSAFE_HTTP_WHITELIST"] == "mirror.example"
    assert "allowInsecureProtocol = true" in _text(CLIENTS["gradle"](PLAIN))
    for name in NAMES:
        words = shell(CLIENTS[name](TLS)).lower()
        assert not any(word in words for word in ("trusted", "insecure", "unsafe"))


def test_go_asks_the_checksum_database_and_goes_nowhere_else() -> None:
    setup = CLIENTS["go"](TLS)
    assert setup.variables == {"GOPROXY": f"{TLS}/golang", "GOTOOLCHAIN": "local"}
    assert "HTTPS only" in shell(CLIENTS["go"]("http://any:${T}@mirror.example"))


def test_npm_takes_lock_files_of_any_registry() -> None:
    assert CLIENTS["npm"](TLS).variables["npm_config_replace_registry_host"] == "always"


def test_maven_has_one_mirror_for_everything() -> None:
    setup = CLIENTS["maven"](PLACEHOLDER)
    assert list(setup.files) == ["~/.m2/settings.xml"]
    settings = _xml(setup)
    mirror, server = settings.find(f".//{MAVEN}mirror"), settings.find(f".//{MAVEN}server")
    assert mirror is not None and server is not None
    assert mirror.findtext(f"{MAVEN}mirrorOf") == "*"
    assert mirror.findtext(f"{MAVEN}url") == f"{TLS}/maven/"
    assert mirror.findtext(f"{MAVEN}id") == server.findtext(f"{MAVEN}id")
    assert server.findtext(f"{MAVEN}password") == "${env.JHANSI_TOKEN}"


def test_gradle_reads_the_token_when_it_runs() -> None:
    text = _text(CLIENTS["gradle"](PLACEHOLDER))
    assert "password = System.getenv('JHANSI_TOKEN')" in text
    assert f"repository.url = '{TLS}/maven/'" in text


def test_the_command_prints_for_a_shell_as_a_file_and_as_json(command: str) -> None:
    def printed(*words: str) -> str:
        return subprocess.run([command, "proxy", "env", *words], capture_output=True, text=True, check=True).stdout

    assert printed("--client", "npm", "--url", PLAIN + "/") == shell(CLIENTS["npm"](PLAIN))
    assert printed("--client", "maven", "--url", PLAIN) == _text(CLIENTS["maven"](PLAIN))
    told = json.loads(printed("--json", "--url", PLACEHOLDER))
    assert list(told) == NAMES
    assert told["pip"]["variables"]["PIP_INDEX_URL"] == f"{PLACEHOLDER}/pypi/simple/"
    assert "${JHANSI_TOKEN}" in told["npm"]["files"]["~/.npmrc"]
    assert "https://any:${JHANSI_TOKEN}@HOST" in printed("--help")
    everything = printed("--url", PLAIN)
    done = subprocess.run(["/bin/sh", "-euc", everything], env={"PATH": os.defpath}, capture_output=True, check=True)
    assert done.stdout + done.stderr == b""


@pytest.mark.parametrize(
    "url",
    [
        "http://h:99999",
        "http://h:0",
        "http://h:x",
        "http://h/ a",
        "http://h/\n",
        "http://:80",
        "http://[::1",
        "ftp://h",
    ],
)
def test_what_is_no_url_is_not_written_into_settings(command: str, url: str) -> None:
    done = subprocess.run([command, "proxy", "env", "--url", url], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, "")
    assert "is no URL of a mirror" in done.stderr
    assert "Traceback" not in done.stderr
