"""The files with which Maven and Gradle use the mirror.

Source: Maven's settings reference; Gradle's user manual, "Initialization Scripts" and "Declaring repositories".
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

ASKING = "https://any:${JHANSI_TOKEN}@HOST"
"""How somebody writes a mirror that asks for a token, which they keep in a variable."""
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable of the environment in a URL."""
_ASKED = f"Where the mirror asks for a token, give 'proxy env' the URL {ASKING}"

_SETTINGS = """\
<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0">
  <mirrors>
    <mirror>
      <id>jhansi-runner</id>
      <mirrorOf>*</mirrorOf>
      <url>{url}</url>
    </mirror>
  </mirrors>
{servers}</settings>
"""

_SERVERS = """\
  <servers>
    <server>
      <id>jhansi-runner</id>
      <username>{user}</username>
      <password>{password}</password>
    </server>
  </servers>
"""

# Repositories are changed where they are declared. One that was added here would come before those of the build and
# not in their place, and builds that forbid repositories of projects would fail.
_INIT = """\
// Every Maven repository becomes the mirror, whoever declares it; folders stay as they are.
{asked}def throughMirror = {{ repositories ->
    repositories.all {{ repository ->
        if (repository instanceof MavenArtifactRepository) {{
            if (repository.url?.scheme != 'file') {{
                repository.url = {url}
{more}            }}
        }} else if (!(repository instanceof FlatDirectoryArtifactRepository)) {{
            repositories.remove(repository)
        }}
    }}
}}
def settingsThroughMirror = {{ settings ->
    throughMirror(settings.buildscript.repositories)
    throughMirror(settings.pluginManagement.repositories)
    if (settings.hasProperty('dependencyResolutionManagement')) {{
        throughMirror(settings.dependencyResolutionManagement.repositories)
    }}
}}
// Gradle 6 and later read plugins of the settings before they are evaluated; earlier ones know no such moment.
if (gradle.metaClass.respondsTo(gradle, 'beforeSettings')) {{
    gradle.beforeSettings(settingsThroughMirror)
}} else {{
    gradle.settingsEvaluated(settingsThroughMirror)
}}
allprojects {{ project ->
    throughMirror(project.buildscript.repositories)
    throughMirror(project.repositories)
}}
"""

_PLAIN = """\
                if (repository.hasProperty('allowInsecureProtocol')) {
                    repository.allowInsecureProtocol = true
                }
"""

_CREDENTIALS = """\
                repository.credentials {{
                    username = {user}
                    password = {password}
                }}
"""


def settings_xml(url: str, user: str, token: str) -> str:
    """A settings.xml with the mirror in place of every repository; `token` is "" for none, or `${NAME}`."""
    password = VARIABLE.sub(r"${env.\1}", token)
    servers = _SERVERS.format(user=escape(user), password=escape(password)) if token else f"  <!-- {_ASKED} -->\n"
    return _SETTINGS.format(url=escape(url), servers=servers)


def init_gradle(url: str, user: str, token: str, *, plain: bool) -> str:
    """An initialization script that does the same, for Gradle 4 and later; `plain` is for HTTP without TLS."""
    more = _PLAIN if plain else ""
    if token:
        variable = VARIABLE.fullmatch(token)
        password = f"System.getenv('{variable[1]}')" if variable else _groovy(token)
        more += _CREDENTIALS.format(user=_groovy(user), password=password)
    return _INIT.format(url=_groovy(url), more=more, asked="" if token else f"// {_ASKED}\n")


def _groovy(text: str) -> str:
    return "'" + text.replace("\\", r"\\").replace("'", r"\'") + "'"
