"""Where the contents of an import wait, as files that nobody knows of, until all of them appear."""

from __future__ import annotations

import ctypes
import os

from jhansi_runner.proxy.bundle.manifest import ArtifactLine, DocumentLine, Line
from jhansi_runner.proxy.bundle.reading import Bundle
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles


class Landing:
    """The contents of one import below a staging folder of its cache.

    `here` are the files of another cache on the same file system that has them: then they are linked, not written.
    """

    def __init__(self, files: ArtifactFiles, folder: str, here: ArtifactFiles | None = None) -> None:
        self._files, self._here, self._folder = files, here, folder
        self._read, self._chosen = f"{folder}/artifacts", f"{folder}/chosen"
        self._documents = f"{folder}/documents"
        for one in (self._read, self._chosen, self._documents):
            os.mkdir(one, 0o700)

    def receive(self, bundle: Bundle, line: Line) -> None:
        """Read the content of a line, and keep it where it is not here yet. Raises what `Bundle.receive` raises."""
        if isinstance(line, DocumentLine):
            self._write(bundle, line, f"{self._documents}/{line.sha256}")
        elif self._is_sound(line):
            bundle.receive(line, None)
        elif self._here is not None:
            bundle.receive(line, None)
            os.link(self._here.path(line.sha256), f"{self._read}/{line.sha256}")
        else:
            path = f"{self._read}/{line.sha256}"
            self._write(bundle, line, path)
            os.chmod(path, 0o400)

    def path(self, line: ArtifactLine) -> str:
        """Where the content of a line can be read now; "" where it is not here."""
        path = f"{self._read}/{line.sha256}"
        if os.path.exists(path):
            return path
        return self._files.path(line.sha256) if self._files.has(line.sha256, line.size) else ""

    def body(self, line: DocumentLine) -> bytes | None:
        """The content of a line; None where it did not come."""
        try:
            with open(f"{self._documents}/{line.sha256}", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def choose(self, line: ArtifactLine) -> bool:
        """Say that the content of a line is to appear; whether it is here, or will be then."""
        try:
            os.rename(f"{self._read}/{line.sha256}", f"{self._chosen}/{line.sha256}")
            return True
        except FileNotFoundError:
            chosen = os.path.exists(f"{self._chosen}/{line.sha256}")
            return chosen or self._files.has(line.sha256, line.size)

    def flush(self) -> None:
        """Have all of it on the disk by one call: a thousand files by themselves took up to three times as long."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), self._folder)
        finally:
            os.close(descriptor)

    def place(self) -> None:
        """Give what was chosen its name in the cache."""
        with os.scandir(self._chosen) as found:
            for entry in found:
                self._files.place(entry.path, entry.name, shared=self._here is not None)

    def _write(self, bundle: Bundle, line: Line, path: str) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            bundle.receive(line, descriptor)
        finally:
            os.close(descriptor)

    def _is_sound(self, line: ArtifactLine) -> bool:
        """Whether the cache has a content which nobody else wrote to: one that is damaged is replaced."""
        held = self._files.held(line.sha256)
        return held is not None and held.size == line.size and not held.going and not held.written
