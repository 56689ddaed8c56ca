"""How a JVM in the sandbox finds the way out: it reads no HTTPS_PROXY, and has certificates of its own.

Source: Java's "Networking Properties", and the reference guide of JSSE.
"""

from __future__ import annotations

from jhansi_runner.proxy.cell.doorway import PORT

TRUST_STORE = "/etc/ssl/certs/java/cacerts"
"""The sandbox's own, with the gate's authority in it; also where Debian's JDKs look by themselves."""
WAY_OUT = " ".join(
    [
        "-Dhttps.proxyHost=127.0.0.1",
        f"-Dhttps.proxyPort={PORT}",
        f"-Djavax.net.ssl.trustStore={TRUST_STORE}",
        "-Djavax.net.ssl.trustStorePassword=changeit",
    ]
)
"""Words that a shell may read once more, as Gradle's own script does."""
OPTIONS = f"{WAY_OUT} -Dhttp.nonProxyHosts=localhost|127.*|[::1] -Dstyle.color=never"
