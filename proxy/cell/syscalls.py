"""System calls that a sandboxed program may not make: names, numbers, the error it sees, and why. Data only.

`DENIED` refuses a call whatever its arguments; `CHECKED` names the calls whose arguments decide, and the
filter in `seccomp.py` holds those decisions. Numbers are those of the kernel's tables; `None` means that
the machine lacks the call. Everything else up to `NEWEST` is allowed; what is newer nobody has reviewed, so
it does not exist in the sandbox (ENOSYS, which is how a program learns to use the older call).

Source: Linux `arch/x86/entry/syscalls/syscall_64.tbl` and `scripts/syscall.tbl`; ADR 0006.
"""

from __future__ import annotations

from errno import ENOSYS, EPERM

NEWEST = 469  # file_setattr, Linux 6.17, and 6.18 brought none; from 424 on the numbers are the same on every machine

MACHINES = ("x86_64", "aarch64")  # the order of the two numbers below

CHECKED: dict[str, tuple[int, int | None]] = {
    "ioctl": (16, 29),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "clone": (56, 220),
    "unshare": (272, 97),
    "personality": (135, 92),
    "open": (2, None),
    "openat": (257, 56),
    "creat": (85, None),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "fcntl": (72, 25),
    "shmget": (29, 194),
    "setrlimit": (160, 164),
    "prlimit64": (302, 261),
}

# (why, the error, ((name, number on x86_64, number on aarch64), ...))
DENIED: tuple[tuple[str, int, tuple[tuple[str, int, int | None], ...]], ...] = (
    (
        "reaches into another process, PID 1 of the sandbox among them, which holds bwrap's own memory",
        EPERM,
        (
            ("ptrace", 101, 117),
            ("process_vm_readv", 310, 270),
            ("process_vm_writev", 311, 271),
            ("pidfd_getfd", 438, 438),
            ("kcmp", 312, 272),
            ("move_pages", 279, 239),
            ("migrate_pages", 256, 238),
        ),
    ),
    (
        "keyrings have no namespace: the session keyring is the host user's",
        EPERM,
        (("add_key", 248, 217), ("request_key", 249, 218), ("keyctl", 250, 219)),
    ),
    (
        "opens sockets and files where no filter sees it; ENOSYS, so that libraries use epoll",
        ENOSYS,
        (("io_uring_setup", 425, 425), ("io_uring_enter", 426, 426), ("io_uring_register", 427, 427)),
    ),
    (
        "takes of a number of requests that all programs of the host share; ENOSYS, so that libraries use threads",
        ENOSYS,
        (("io_setup", 206, 0),),
    ),
    (
        "kernel interfaces with a long record of flaws, of no use to a program that computes",
        EPERM,
        (
            ("bpf", 321, 280),
            ("perf_event_open", 298, 241),
            ("userfaultfd", 323, 282),
            ("fanotify_init", 300, 262),
            ("syslog", 103, 116),
        ),
    ),
    (
        "changes what is mounted, or the root",
        EPERM,
        (
            ("mount", 165, 40),
            ("umount2", 166, 39),
            ("pivot_root", 155, 41),
            ("chroot", 161, 51),
            ("open_tree", 428, 428),
            ("move_mount", 429, 429),
            ("fsopen", 430, 430),
            ("fsconfig", 431, 431),
            ("fsmount", 432, 432),
            ("fspick", 433, 433),
            ("mount_setattr", 442, 442),
            ("open_tree_attr", 467, 467),
        ),
    ),
    (
        "tells the host's paths, as mountinfo does; new enough that nothing needs it",
        ENOSYS,
        (("statmount", 457, 457), ("listmount", 458, 458)),
    ),
    ("enters another namespace", EPERM, (("setns", 308, 268),)),
    (
        "its flags lie in memory, where a filter cannot read them; ENOSYS, so that libc uses clone",
        ENOSYS,
        (("clone3", 435, 435),),
    ),
    (
        "sets a mode: openat2 has it in memory, where a filter cannot read it; ENOSYS, so that libraries use "
        "openat and fchmodat, whose modes are checked",
        ENOSYS,
        (("openat2", 437, 437), ("fchmodat2", 452, 452)),
    ),
    (
        "sets what stays with a file after the run, as ioctls do that are refused; new enough that nothing needs it",
        ENOSYS,
        (("file_setattr", 469, 469),),
    ),
    (
        "tells which parts of the host's shared files others have lately used; new enough that nothing needs it",
        ENOSYS,
        (("cachestat", 451, 451),),
    ),
    (
        "asks for another security label; the host's own would follow it",
        ENOSYS,
        (("lsm_set_self_attr", 460, 460),),
    ),
    (
        "opens a file by number, past every directory on the way",
        EPERM,
        (("open_by_handle_at", 304, 265), ("name_to_handle_at", 303, 264)),
    ),
    (
        "memory that the watcher of limits cannot see into, nor the kernel move",
        ENOSYS,
        (("memfd_secret", 447, 447),),
    ),
    (
        "administers the host: its kernel, clock, disks and accounts",
        EPERM,
        (
            ("kexec_load", 246, 104),
            ("kexec_file_load", 320, 294),
            ("init_module", 175, 105),
            ("finit_module", 313, 273),
            ("delete_module", 176, 106),
            ("reboot", 169, 142),
            ("swapon", 167, 224),
            ("swapoff", 168, 225),
            ("acct", 163, 89),
            ("quotactl", 179, 60),
            ("quotactl_fd", 443, 443),
            ("settimeofday", 164, 170),
            ("clock_settime", 227, 112),
            ("clock_adjtime", 305, 266),
            ("adjtimex", 159, 171),
            ("vhangup", 153, 58),
            ("iopl", 172, None),
            ("ioperm", 173, None),
        ),
    ),
    (
        "relics: on a kernel that still has them they are attack surface only",
        ENOSYS,
        (
            ("modify_ldt", 154, None),
            ("uselib", 134, None),
            ("ustat", 136, None),
            ("sysfs", 139, None),
            ("_sysctl", 156, None),
            ("create_module", 174, None),
            ("get_kernel_syms", 177, None),
            ("query_module", 178, None),
            ("nfsservctl", 180, 42),
            ("lookup_dcookie", 212, 18),
        ),
    ),
)
