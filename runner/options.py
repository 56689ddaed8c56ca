"""The options of `exec`, once: as data that the command line is built from, and a reader for the plain case.

click costs a warm run four times what the run itself costs. So `exec` with options that are spelled in full is read
here; whatever is unusual (help, a mistake, an abbreviation) makes this reader give up, and click takes over.
Light: a warm `exec` imports this module.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FLAG, VALUE, MANY = "flag", "value", "many"


class Option:
    """One option: its name on the command line, how many values it takes, and what help says."""

    __slots__ = ("help", "kind", "metavar", "name", "short")

    def __init__(self, name: str, kind: str, help_: str, metavar: str = "", short: str = "") -> None:
        self.name, self.kind, self.help, self.metavar, self.short = name, kind, help_, metavar, short

    @property
    def key(self) -> str:
        """The attribute of `ExecOptions` that holds it."""
        return self.name.removeprefix("--").replace("-", "_")


EXEC = (
    Option("--workspace", VALUE, "The folder that the program sees as /sandbox (default: the current one).", "DIR"),
    Option("--sandbox", VALUE, "Run in the sandbox with this id instead of a folder.", "ID"),
    Option("--language", VALUE, "The language, when the file's name does not tell.", "NAME"),
    Option("--python", VALUE, "The interpreter: a path, or a version such as 3.12.", "PATH|VERSION"),
    Option("--read", MANY, "Show a folder or file to the program, read-only, where it is.", "PATH"),
    Option("--policy", VALUE, "The policy to use instead of your own.", "FILE"),
    Option("--timeout", VALUE, "Kill the program after so many seconds; exit code 124.", "SECONDS"),
    Option("--memory", VALUE, "Kill the program when it has more memory, such as 2GiB; exit code 137.", "SIZE"),
    Option("--processes", VALUE, "Let it have so many processes and threads at once.", "NUMBER"),
    Option("--cpus", VALUE, "Let it use so many CPUs, such as 1.5.", "NUMBER"),
    Option("--disk", VALUE, "Kill it when it takes more of the disk; exit code 137.", "SIZE"),
    Option("--files", VALUE, "Kill it when it adds more files and folders; exit code 137.", "NUMBER"),
    Option("--output", VALUE, "Kill it when it writes more to stdout and stderr; exit code 137.", "SIZE"),
    Option("--require-limits", FLAG, "Run only where the kernel itself holds programs to their limits."),
    Option("--env", MANY, "Give the program a variable; without a value, that of your shell.", "KEY[=VALUE]"),
    Option("--env-file", MANY, "Give the program the variables of a file of KEY=VALUE lines.", "FILE"),
    Option("--offline", FLAG, "Install from the cache alone; what is missing there is written to a list."),
    Option("--missing", VALUE, "Write that list, which `cache warm` takes, to this file.", "FILE"),
    Option("--no-install", FLAG, "Run with what is installed; install nothing."),
    Option("--test", FLAG, "Run the tests that are there instead; with FILE, beside it, which is started first."),
    Option("--fix", FLAG, "Install what the manifest forgot too, and run again."),
    Option(
        "--json",
        FLAG,
        "Print one JSON object about the run instead of the program's output; "
        "with --json=lines what happens as it happens, an object a line.",
    ),
)


class ExecOptions:
    """What `exec` was asked to do. `command` follows `--`, otherwise `file` and `arguments` are set.

    With `test`, words are for whatever runs the tests, and `before` is what is started before them.
    """

    __slots__ = (
        "arguments", "before", "command", "cpus", "disk", "env", "env_file", "file", "files", "fix", "json",
        "json_lines", "language", "memory", "missing", "no_install", "offline", "output", "policy", "processes",
        "python", "read", "require_limits", "sandbox", "test", "timeout", "workspace",
    )  # fmt: skip

    def __init__(self) -> None:
        self.workspace: str | None = None
        self.sandbox: str | None = None
        self.language: str | None = None
        self.python: str | None = None
        self.policy: str | None = None
        self.timeout: str | None = None
        self.memory: str | None = None
        self.missing: str | None = None
        self.processes: str | None = None
        self.cpus: str | None = None
        self.disk: str | None = None
        self.files: str | None = None
        self.output: str | None = None
        self.read: list[str] = []
        self.env: list[str] = []
        self.env_file: list[str] = []
        self.offline = self.no_install = self.fix = self.require_limits = self.test = False
        self.json = self.json_lines = False
        self.file = ""
        self.arguments: list[str] = []
        self.command: list[str] = []
        self.before: list[str] = []


def read_exec(words: Sequence[str]) -> ExecOptions | None:
    """The options of a plain `exec`, from the words behind it; None when click should look at them."""
    known = {option.name: option for option in EXEC}
    options = ExecOptions()
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            options.command = list(words[at + 1 :])
            return options if options.command or options.test else None
        if not word.startswith("-"):
            options.file, options.arguments = word, list(words[at + 1 :])
            return options
        if word == "--json=lines":
            options.json = options.json_lines = True
            at += 1
            continue
        name, equals, value = word.partition("=")
        option = known.get(name)
        if option is None or (option.kind == FLAG and equals):
            return None
        at += 1
        if option.kind == FLAG:
            setattr(options, option.key, True)
            continue
        if not equals:
            if at == len(words):
                return None
            value = words[at]
            at += 1
        if option.kind == MANY:
            getattr(options, option.key).append(value)
        else:
            setattr(options, option.key, value)
    return options if options.test else None
