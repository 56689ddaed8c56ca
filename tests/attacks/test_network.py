"""No way out but the gate: not for a program, not for the code of a package that is being built."""

from __future__ import annotations

import socket

import pytest

from support.hostile import Canaries, in_build, in_run, on_host
from support.registry import Upstream
from support.user import User, wait_for

pytestmark = pytest.mark.attack

WAYS = """
import os, socket, subprocess, time
TCP, UDP, ABSTRACT, PATH, OUTSIDE = %s
RESULT = {}
def way(name):
    def run(action):
        try:
            RESULT[name] = 'open: ' + repr(action())
        except OSError as error:
            RESULT[name] = 'shut'
    return run
def connect(address, family=socket.AF_INET):
    endpoint = socket.socket(family, socket.SOCK_STREAM)
    endpoint.settimeout(2)
    endpoint.connect(address)
def send(address, data=b'x', family=socket.AF_INET):
    endpoint = socket.socket(family, socket.SOCK_DGRAM)
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    endpoint.connect(address)
    for _ in range(3):  # where nobody listens on loopback, the second one fails
        endpoint.send(data)
        time.sleep(0.05)
QUERY = b'\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0\\x06canary\\x04test\\0\\0\\x01\\0\\x01'
way('host loopback tcp')(lambda: connect(('127.0.0.1', TCP)))
way('host loopback udp')(lambda: send(('127.0.0.1', UDP)))
way('abstract unix socket')(lambda: connect(ABSTRACT, socket.AF_UNIX))
way('unix socket')(lambda: connect(PATH, socket.AF_UNIX))
if OUTSIDE:
    way('tcp')(lambda: connect(('192.0.2.1', 80)))
    way('tcp v6')(lambda: connect(('2001:db8::1', 80), socket.AF_INET6))
    way('udp')(lambda: send(('192.0.2.1', 9)))
    way('udp v6')(lambda: send(('2001:db8::1', 9), family=socket.AF_INET6))
    way('dns')(lambda: send(('192.0.2.53', 53), QUERY))
    way('resolver')(lambda: socket.getaddrinfo('canary.test', 80))
    way('broadcast')(lambda: send(('255.255.255.255', 9)))
    way('multicast')(lambda: send(('224.0.0.251', 5353), QUERY))
    way('metadata')(lambda: connect(('169.254.169.254', 80)))
    way('vsock')(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, 22)))
    way('vsock exists')(lambda: socket.socket(40, socket.SOCK_STREAM))
    way('packet')(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    way('icmp')(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    way('alg')(lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET))
    way('shell')(lambda: subprocess.run(['bash', '-c', 'echo x > /dev/tcp/192.0.2.1/80'], check=False, timeout=5,
        capture_output=True).returncode == 0 or (_ for _ in ()).throw(OSError()))
"""


def ways(canaries: Canaries, *, outside: bool) -> str:
    return WAYS % repr((canaries.tcp, canaries.udp, canaries.abstract, canaries.path, outside))


def test_the_canaries_are_within_reach_of_a_program_outside_the_sandbox(user: User) -> None:
    canaries = Canaries(str(user.folder("canaries")))
    user.root.chmod(0o711)
    user.work.chmod(0o711)
    (user.work / "canaries").chmod(0o711)
    found = on_host(ways(canaries, outside=False))
    assert all(result.startswith("open") for result in found.values()), found
    wait_for(lambda: canaries.heard == {"tcp", "udp", "abstract", "path"})


@pytest.mark.parametrize("egress", ["registries", "none"])
def test_a_program_reaches_no_other_host_by_any_means(user: User, egress: str) -> None:
    user.policy("http://127.0.0.1:9/simple/", f"egress: {{run: {egress}}}\n")
    canaries = Canaries(str(user.root))
    try:
        found = in_run(user, ways(canaries, outside=True))
    finally:
        (user.root / "canary.sock").unlink()
    assert set(found.values()) == {"shut"}, found
    assert len(found) == 19
    assert canaries.heard == set()


def test_the_code_of_a_package_that_is_built_reaches_no_other_host(user: User, upstream: Upstream) -> None:
    canaries = Canaries(str(user.root))
    try:
        found = in_build(user, upstream, ways(canaries, outside=True))
    finally:
        (user.root / "canary.sock").unlink()
    assert set(found.values()) == {"shut"}, found
    assert len(found) == 19
    assert canaries.heard == set()


def test_there_is_no_interface_but_loopback(user: User) -> None:
    names = "import socket\ntry: RESULT = [n for _, n in socket.if_nameindex()]\nexcept OSError: RESULT = ['lo']"
    assert in_run(user, names) == ["lo"]
    assert len(socket.if_nameindex()) > 1, "the host has no other interface: this shows nothing"


def test_one_sandbox_does_not_see_the_listeners_of_another(user: User) -> None:
    serve = "import socket, sys; s = socket.create_server(('127.0.0.1', 4444)); print('ready', flush=True); s.accept()"
    first = user.begun("--timeout", "30", "--", "python3", "-c", serve)
    dial = "import socket\nRESULT = 'shut'\ntry: socket.create_connection(('127.0.0.1', 4444), 2); RESULT = 'open'\n"
    dial += "except OSError: pass"
    try:
        assert in_run(user, dial) == "shut"
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()


METADATA = """
ip link set lo up && ip address add 169.254.169.254/32 dev lo || exit 1
python3 -m http.server --bind 169.254.169.254 80 >/dev/null 2>&1 &
for _ in $(seq 100); do python3 dial.py >/dev/null && break; sleep 0.3; done
echo outside $(python3 dial.py)
echo inside $(setpriv --ambient-caps=-all --inh-caps=-all $JR exec dial.py)
kill $!
"""
DIAL = """
import socket
try: socket.create_connection(('169.254.169.254', 80), 2); print('open')
except OSError: print('shut'); raise SystemExit(1)
"""


def test_the_metadata_address_of_a_cloud_is_out_of_reach(user: User) -> None:
    """On a host of its own: a network namespace whose loopback has that address, and something that answers there."""
    user.write("dial.py", DIAL)
    user.write("host.sh", METADATA)
    done = user.shell("export JR; exec unshare --user --map-current-user --keep-caps --net sh host.sh")
    assert done.stdout.split() == ["outside", "open", "inside", "shut"], done
