"""Libraries that many programs use do what they do anywhere: fetched from the true registries, run in the sandbox."""

from __future__ import annotations

import shutil

import pytest

from support.user import PATH, User

pytestmark = pytest.mark.online

SECONDS = 600
GO = f"{PATH}:/usr/local/go/bin"

PYTHON = {
    "numpy": """
import threading, numpy
left = numpy.random.default_rng(1).random((600, 600))
threads = [threading.Thread(target=lambda: left @ left) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
print("ok")
""",
    "psutil, watchdog and uvloop": """
import asyncio, os, time, psutil, uvloop
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer
class Handler(FileSystemEventHandler):
    seen = []
    def on_any_event(self, event): self.seen.append(event)
if __name__ == "__main__":
    own = psutil.Process()
    own.memory_full_info(), own.parents(), own.num_threads(), psutil.virtual_memory(), list(psutil.process_iter())
    observer = Observer(); observer.schedule(Handler(), "."); observer.start()
    open("seen", "w").close(); time.sleep(1); observer.stop(); observer.join()
    assert Handler.seen
    async def main():
        child = await asyncio.create_subprocess_exec("true"); assert await child.wait() == 0
    uvloop.run(main())
    print("ok")
""",
    "cryptography, lxml, pydantic and aiohttp": """
import asyncio, aiohttp.web, pydantic
from cryptography.fernet import Fernet
from lxml import etree
assert Fernet(key := Fernet.generate_key()).encrypt(b"x")
assert etree.fromstring("<a><b/></a>").find("b") is not None
class Model(pydantic.BaseModel): number: int
assert Model(number="1").number == 1
async def main():
    application = aiohttp.web.Application()
    application.router.add_get("/", lambda request: asyncio.sleep(0, aiohttp.web.Response(text="ok")))
    runner = aiohttp.web.AppRunner(application); await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 8080).start()
    async with aiohttp.ClientSession() as session, session.get("http://127.0.0.1:8080/") as answer:
        print(await answer.text())
    await runner.cleanup()
asyncio.run(main())
""",
}
NODE = """
const { WebSocketServer, WebSocket } = require('ws')
const chokidar = require('chokidar')
const fs = require('fs')
const _ = require('lodash')
const server = new WebSocketServer({ port: 8080, host: '127.0.0.1' })
server.on('connection', (peer) => peer.send(_.join(['o', 'k'], '')))
const watcher = chokidar.watch('.', { ignoreInitial: true, depth: 0 })
watcher.on('ready', () => fs.writeFileSync('seen', ''))
watcher.on('add', () => new WebSocket('ws://127.0.0.1:8080').on('message', (data) => {
  console.log(String(data)); process.exit(0)
}))
"""
JAVA = """
import com.google.gson.Gson;
import com.google.common.collect.ImmutableList;
public class Main {
    public static void main(String[] words) {
        System.out.println(new Gson().fromJson("\\"ok\\"", String.class) + ImmutableList.of().size());
    }
}
"""
GO_SOURCE = """
package main

import (
	"fmt"
	"os"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sync/errgroup"
)

func main() {
	watcher, err := fsnotify.NewWatcher()
	if err != nil { panic(err) }
	if err := watcher.Add("."); err != nil { panic(err) }
	var group errgroup.Group
	group.Go(func() error { return os.WriteFile("seen", nil, 0o600) })
	<-watcher.Events
	if group.Wait() == nil { fmt.Println("ok") }
}
"""


@pytest.fixture
def online(user: User) -> User:
    enabled = (
        "registries: {pypi: {enabled: true}, npm: {enabled: true}, maven: {enabled: true}, golang: {enabled: true}}"
    )
    user.write(user.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n")
    user.env["PATH"] = GO
    return user


@pytest.mark.parametrize("name", PYTHON)
def test_libraries_of_python(online: User, name: str) -> None:
    online.write("main.py", PYTHON[name])
    done = online.exec("main.py", timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


@pytest.mark.skipif(shutil.which("node", path=PATH) is None, reason="there is no Node")
def test_libraries_of_node(online: User) -> None:
    online.write("main.cjs", NODE)
    done = online.exec("main.cjs", timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


@pytest.mark.skipif(shutil.which("javac", path=PATH) is None, reason="there is no JDK")
def test_libraries_of_java(online: User) -> None:
    online.write("Main.java", JAVA)
    done = online.exec("Main.java", timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, "ok0\n"), done.stderr


@pytest.mark.skipif(shutil.which("go", path=GO) is None, reason="there is no Go")
def test_libraries_of_go(online: User) -> None:
    online.write("main.go", GO_SOURCE)
    done = online.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
