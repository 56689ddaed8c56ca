"""Ordinary programs do not notice the sandbox: as the product makes it, filter, read-only `/proc` and all."""

from __future__ import annotations

import shutil

import pytest

from support.user import PATH, User

PYTHON = {
    "threads": """
import threading
threads = [threading.Thread(target=sum, args=(range(9),), name=f"worker {n}") for n in range(8)]
for each in threads: each.start()
for each in threads: each.join()
""",
    "pools": """
import multiprocessing, concurrent.futures
from multiprocessing import shared_memory
if __name__ == "__main__":
    for how in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(how).Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
    with concurrent.futures.ProcessPoolExecutor(2) as pool: assert list(pool.map(abs, [-1])) == [1]
    block = shared_memory.SharedMemory(create=True, size=1 << 20)
    block.close(); block.unlink()
    with multiprocessing.Manager() as manager: assert manager.dict(a=1)["a"] == 1
""",
    "asyncio": """
import asyncio, signal
async def main():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.read(); writer.close()
    child = await asyncio.create_subprocess_exec("true"); assert await child.wait() == 0
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)
    await asyncio.to_thread(abs, 1)
asyncio.run(main())
""",
    "databases": """
import sqlite3
for mode in ("wal", "delete", "memory"):
    base = sqlite3.connect("base.db")
    assert base.execute(f"pragma journal_mode={mode}").fetchone()
    base.execute("create table if not exists t (a)"); base.commit(); base.close()
import dbm.dumb; dbm.dumb.open("other", "c").close()
""",
    "locks, maps and watchers": """
import ctypes, fcntl, mmap, os, select, tempfile
with open("lock", "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_EX); fcntl.fcntl(file, fcntl.F_GETFL)
    file.truncate(4096); file.flush()
    with mmap.mmap(os.open("lock", os.O_RDWR), 4096) as pages: pages[:1] = b"x"
libc = ctypes.CDLL(None)
assert libc.inotify_add_watch(libc.inotify_init1(0), b".", 0xFFF) > 0
select.epoll().register(os.eventfd(0)); os.memfd_create("x"); os.pidfd_open(os.getpid())
assert os.sendfile(os.open("copy", os.O_CREAT | os.O_WRONLY), os.open("lock", os.O_RDONLY), 0, 4096) == 4096
assert os.copy_file_range(os.open("lock", os.O_RDONLY), os.open("copy", os.O_WRONLY), 4096) == 4096
tempfile.TemporaryFile().write(b"x"); os.setxattr("lock", "user.x", b"y")
os.posix_fallocate(os.open("copy", os.O_RDWR), 0, 9)
""",
    "its own /proc": """
import os
for name in "status maps stat io limits cgroup mountinfo fd task smaps_rollup oom_score".split():
    assert os.path.exists(f"/proc/self/{name}")
for name in "meminfo cpuinfo stat uptime loadavg self/statm net/tcp sys/kernel/osrelease".split():
    assert open(f"/proc/{name}").read(), name
open("/dev/stdout", "w").close(); open("/proc/self/fd/2", "w").close(); os.openpty()
""",
}  # fmt: skip
COMMANDS = {
    "git": "git init -q r && cd r && git -c user.name=a -c user.email=a@b.example commit -q --allow-empty -m m "
           "&& git gc -q && git worktree add -q ../w && git clone -q . ../c",
    "gcc": "echo 'int main(){return 0;}' > a.c && gcc -O2 -flto a.c -o a && ./a && gcc -fsanitize=address a.c -o b "
           "&& ASAN_OPTIONS=detect_leaks=0 ./b",
    "make": "printf 'all: a b\\n\\t@true\\na b:\\n\\t@true\\n' > Makefile && make -s -j4 all",
    "perl": "perl -MPOSIX -e 'exit 1 unless defined fork'",
    "tar": "mkdir d && echo x > d/x && tar --xattrs -czpf d.tgz d && tar -xzpf d.tgz",
    "cp": "mkdir d && echo x > d/x && cp -a --reflink=auto --sparse=always d e && mv e f && install -m 755 d/x y",
    "rsync": "mkdir d && rsync -aXA d/ e/",
    "ps": "ps aux && ps -ef --forest && top -bn1 && free && uptime && nproc",
    "bash": "exec 3<>x && (set -m; sleep 0 & wait) && ulimit -a && echo <(true) && timeout 5 true && nohup true",
    "sqlite3": "sqlite3 x.db 'pragma journal_mode=wal; create table t(a);'",
    "cmake": "echo 'cmake_minimum_required(VERSION 3.10)\nproject(x C)' > CMakeLists.txt && cmake -S . -B b",
    "node": "node -e \"const {Worker} = require('worker_threads'); require('fs').watch('.').close(); "
            "new Worker('0', {eval: true}).on('exit', () => require('child_process').execSync('true'))\"",
}  # fmt: skip
INSTALLED = [name for name in COMMANDS if shutil.which(name, path=PATH)]


@pytest.mark.parametrize("name", PYTHON)
def test_what_python_does(user: User, name: str) -> None:
    done = user.python(f"{PYTHON[name]}\nif __name__ == '__main__': print('ok')")
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["ok"]), done.stderr


@pytest.mark.parametrize("name", INSTALLED)
def test_what_commands_do(user: User, name: str) -> None:
    done = user.exec("--", "bash", "-c", f"{COMMANDS[name]}")
    assert done.returncode == 0, done


def test_what_java_does(user: User) -> None:
    if shutil.which("javac", path=PATH) is None:
        pytest.skip("there is no JDK")
    source = """
public class Main {
    public static void main(String[] words) throws Exception {
        Thread thread = new Thread(() -> {}, "named");
        thread.start(); thread.join();
        Thread.currentThread().setName("renamed");
        ProcessHandle.current().parent();
        java.nio.file.FileSystems.getDefault().newWatchService().close();
        new java.net.ServerSocket(0).close();
        if (new ProcessBuilder("true").start().waitFor() != 0) System.exit(1);
        java.util.stream.IntStream.range(0, 1000).parallel().sum();
        System.out.println("ok");
    }
}
"""
    user.write("Main.java", source)
    done = user.exec("Main.java", timeout=120)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def test_what_go_does(user: User) -> None:
    if shutil.which("go", path=f"{PATH}:/usr/local/go/bin") is None:
        pytest.skip("there is no Go")
    source = """
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil { panic(err) }
	listener.Close()
	if _, err := net.Interfaces(); err != nil { panic(err) }
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	done := make(chan error)
	for range runtime.NumCPU() * 4 { go func() { done <- exec.Command("true").Run() }() }
	for range runtime.NumCPU() * 4 { if err := <-done; err != nil { panic(err) } }
	fmt.Println("ok")
}
"""
    user.write("main.go", source)
    done = user.exec("main.go", timeout=240, env={"PATH": f"{PATH}:/usr/local/go/bin"})
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
