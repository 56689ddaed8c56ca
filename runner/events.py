"""What happens, as it happens: one JSON object a line, for `exec --json=lines`.

Events are `plan`, `install`, `output`, `refused`, `again` and, last, `done` with the outcome. `seq` counts them.
"""

from __future__ import annotations

import codecs

from jhansi_runner.proxy.ledger import ALLOW, Entry
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.runner.outlet import Outlet
from jhansi_runner.runner.record import Record, as_line, refusal


class Events(Record):
    """A record that also tells, line by line."""

    outlet: Outlet

    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self.outlet = outlet
        self._sequence = 0
        self._decoders = {name: _decoder() for name in ("stdout", "stderr")}

    def out(self, data: bytes) -> None:
        """Take in and tell what the program writes to stdout."""
        super().out(data)
        self._output("stdout", data)

    def err(self, data: bytes) -> None:
        """Take in and tell what the program writes to stderr."""
        super().err(data)
        self._output("stderr", data)

    def planned(self, plan: Plan) -> None:
        """Tell what will be installed, and why."""
        super().planned(plan)
        self._tell("plan", **plan.to_json())

    def live(self, entry: Entry) -> None:
        """Tell what the gate let in or refused just now."""
        super().live(entry)
        if entry.verdict != ALLOW:
            self._tell("refused", **refusal(entry))
        elif entry.purl and entry.phase == "install":
            self._tell("install", purl=entry.purl, bytes=entry.size, cache=entry.cache)

    def again(self) -> None:
        """Tell that the program is run again."""
        super().again()
        self._decoders = {name: _decoder() for name in self._decoders}
        self._tell("again")

    def done(self, exit_code: int) -> None:
        """Tell the outcome, which ends it."""
        for name, decoder in self._decoders.items():
            self._text(name, decoder.decode(b"", final=True))
        self._tell("done", **self.to_json(exit_code))

    def _output(self, stream: str, data: bytes) -> None:
        self._text(stream, self._decoders[stream].decode(data))

    def _text(self, stream: str, text: str) -> None:
        if text:
            self._tell("output", stream=stream, text=text)

    def _tell(self, event: str, **what: object) -> None:
        self._sequence += 1
        self.outlet.put(as_line({"event": event, "seq": self._sequence, **what}))


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("replace")
