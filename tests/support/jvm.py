"""Projects of Maven and Gradle that need nothing but what a loopback repository has, and the way through the gate."""

from __future__ import annotations

from support.clients import Desk, Gate
from support.registry.maven import MavenUpstream

RULES = """\
default: allow
rules:
  - deny: pkg:maven/org.test/bad
    reason: it steals keys
"""
LINE = "policy.yaml:7"

_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId> <artifactId>project</artifactId> <version>1</version> <packaging>pom</packaging>
  <build>
    <extensions>
      <extension> <groupId>org.test</groupId> <artifactId>{name}</artifactId> <version>1.0</version> </extension>
    </extensions>
  </build>
</project>
"""

_BUILD = """\
repositories {{ mavenCentral() }}
{configurations}"""
_CONFIGURATION = """\
configurations {{ {name} }}
dependencies {{ {name} 'org.test:{artifact}:1.0' }}
task {name}Files {{ doLast {{ configurations.{name}.files.each {{ println "FILE ${{it.name}}" }} }} }}
"""


def fill(up: MavenUpstream) -> None:
    """What is there: `app` needs `helper`, and `needs-bad` needs `bad`, which RULES deny."""
    up.add("org.test:app:1.0", dependencies=["org.test:helper:1.0"])
    up.add("org.test:helper:1.0")
    up.add("org.test:bad:1.0")
    up.add("org.test:needs-bad:1.0", dependencies=["org.test:bad:1.0"])
    up.add("org.codehaus.plexus:plexus-utils:1.1")  # Maven 3 adds it to whatever has none


def policy(up: MavenUpstream) -> str:
    """RULES for that registry."""
    return f'version: 1\nregistries:\n  maven: {{enabled: true, upstream: "{up.url}"}}\n\n{RULES}'


def pom(name: str) -> str:
    """A project that has an extension: a jar which Maven fetches, with all that it needs, before any plugin."""
    return _POM.format(name=name)


def build_gradle(**needed: str) -> str:
    """A build with a task `<name>Files` for each name, that fetches and lists an artifact with what it needs."""
    parts = (_CONFIGURATION.format(name=name, artifact=artifact) for name, artifact in needed.items())
    return _BUILD.format(configurations="".join(parts))


def through(gate: Gate, desk: Desk) -> str:
    """What a JVM needs to come through the gate: it reads no HTTPS_PROXY, and has certificates of its own."""
    store = desk.home / "trust.p12"
    imported = desk.run(
        *("keytool", "-importcert", "-noprompt", "-alias", "jhansi-runner", "-file", gate.certificate),
        *("-keystore", str(store), "-storetype", "PKCS12", "-storepass", "changeit"),
    )
    assert imported.code == 0, imported.said
    host, port = gate.url.removeprefix("http://").split(":")
    trust = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
    return f"-Dhttps.proxyHost={host} -Dhttps.proxyPort={port} {trust}"
