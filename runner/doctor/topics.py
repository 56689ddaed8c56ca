"""Every code of the doctor's, what it is about, and what it means for the user. `docs/doctor.md` has the same table."""

from __future__ import annotations

from jhansi_runner.runner.doctor.findings import HOST, ISOLATION, SANDBOX, STATE, TOOLS, Topic

_ESCAPE = "a program could do this to you"

TOPICS = {
    "JH-MACHINE": Topic(HOST, "the kernel, and whether its machine has a system-call filter of ours", "nothing runs"),
    "JH-SECCOMP": Topic(HOST, "whether the kernel takes system-call filters", "nothing runs without one"),
    "JH-USERNS": Topic(
        HOST, "whether ordinary users may make user namespaces: sysctls, containers, filters", "no sandbox can be made"
    ),
    "JH-PROC": Topic(HOST, "how `/proc` is mounted", "no sandbox can be made, or its processes cannot be seen"),
    "JH-PTRACE": Topic(
        HOST, "who may trace whose processes (`kernel.yama.ptrace_scope`)", "your other programs can reach into ours"
    ),
    "JH-ROOT": Topic(HOST, "whether you are root", "a program that breaks out would be root on this host"),
    "JH-CLOCK": Topic(
        HOST,
        "the clock, against the times of our own files",
        "certificates of registries look as if they were not valid yet, and ages of releases are wrong",
    ),
    "JH-BWRAP": Topic(SANDBOX, "bubblewrap: where it is, its version, setuid", "nothing runs without it"),
    "JH-BWRAP-FLAW": Topic(
        SANDBOX,
        "known flaws of bubblewrap's, tried where that is possible",
        "a program that runs in a workspace while another one is started there may win a race, and make files outside",
    ),
    "JH-LIMITS": Topic(
        SANDBOX, "how memory, processes and CPUs of a run can be limited", "a limit may be noticed late, or be evaded"
    ),
    "JH-CRASH": Topic(
        SANDBOX,
        "who is given what is left of a program that crashes (`kernel.core_pattern`)",
        "a program of the host reads, as root, what a hostile one made up",
    ),
    "JH-SANDBOX": Topic(SANDBOX, "whether a program can be run in a sandbox", "nothing runs"),
    "JH-FILES": Topic(ISOLATION, "files outside of the workspace, your home among them", "a program can read yours"),
    "JH-OWN": Topic(ISOLATION, "our own key, ledger, records and cache", "a program can forge what we vouch for"),
    "JH-WRITE": Topic(ISOLATION, "writing outside of the workspace", "a program can change your files"),
    "JH-SETUID": Topic(ISOLATION, "making a file that runs as its owner", "it would be left in your workspace"),
    "JH-ENVIRONMENT": Topic(ISOLATION, "your environment variables, which hold tokens", "a program can read them"),
    "JH-DESCRIPTOR": Topic(ISOLATION, "files that were open when the run began", "a program can read and write them"),
    "JH-PROCESS": Topic(ISOLATION, "processes of the host", "a program can see and end yours"),
    "JH-NETWORK": Topic(ISOLATION, "addresses outside, that of cloud metadata among them", "a program can send out"),
    "JH-LOOPBACK": Topic(ISOLATION, "services on the host's 127.0.0.1", "a program can use your databases and tools"),
    "JH-SOCKET": Topic(ISOLATION, "unix sockets of the host, with and without a path", "agents and daemons obey it"),
    "JH-VSOCK": Topic(ISOLATION, "the socket that leads to the hypervisor", "no network namespace covers it"),
    "JH-GATE": Topic(ISOLATION, "what the gate lets out", "what is sent there can carry your data"),
    "JH-DOOR": Topic(ISOLATION, "the way to the gate, where the policy allows none", "the policy is not obeyed"),
    "JH-KEYRING": Topic(ISOLATION, "keys in your session's keyring", "a program can read and change them"),
    "JH-IPC": Topic(ISOLATION, "shared memory and message queues of the host", "a program can read and change them"),
    "JH-INTO": Topic(ISOLATION, "reaching into other processes, by ptrace and its like", "the sandbox's own first one"),
    "JH-NAMESPACES": Topic(ISOLATION, "further namespaces", "they open much of the kernel to attack"),
    "JH-MOUNT": Topic(ISOLATION, "mounting, and opening files past their folders", "what is read-only may change"),
    "JH-IO-URING": Topic(ISOLATION, "io_uring", "it opens files and sockets where no filter sees it"),
    "JH-KERNEL": Topic(ISOLATION, "parts of the kernel with a long record of flaws", _ESCAPE),
    "JH-TERMINAL": Topic(ISOLATION, "typing into a terminal, or changing its driver", "your shell would obey it"),
    "JH-FOREIGN": Topic(ISOLATION, "system calls as a 32-bit program makes them", "they go past the filter"),
    "JH-PRIVILEGES": Topic(ISOLATION, "capabilities, new privileges, and the filter itself", _ESCAPE),
    "JH-SURVIVOR": Topic(ISOLATION, "a process that a program left behind", "it goes on after the run"),
    "JH-KILLED": Topic(ISOLATION, "a program whose runner is killed", "it goes on with nobody to stop it"),
    "JH-PYTHON": Topic(TOOLS, "Python", "Python code cannot be run"),
    "JH-NODE": Topic(TOOLS, "Node and npm", "Node code cannot be run"),
    "JH-GO": Topic(TOOLS, "Go", "Go code cannot be run"),
    "JH-JAVA": Topic(TOOLS, "a JDK, and Maven", "Java code cannot be run"),
    "JH-POLICY": Topic(STATE, "the policies in force", "nothing runs without one that can be read"),
    "JH-CACHE": Topic(STATE, "the folder of the cache: yours, its room, its file system", "nothing can be installed"),
    "JH-STATE": Topic(STATE, "the folder of stored sets and records: yours, its room, its file system",
                      "what cannot be recorded is not run"),
    "JH-RUNTIME": Topic(STATE, "the folder of the proxy's socket: yours, its file system", "no registry is reached"),
    "JH-PROXY": Topic(STATE, "the proxy of your sandboxes", "no registry is reached"),
    "JH-AUTHORITY": Topic(STATE, "the certificate authority of the gate", "who has its key can pose as a registry"),
}  # fmt: skip
