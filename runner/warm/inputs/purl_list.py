"""A list of package-urls, as `exec --offline` writes it. `lists.py` has its grammar."""

from __future__ import annotations

from jhansi_runner.runner.warm import lists
from jhansi_runner.runner.warm.inputs.said import BadInput, Context, Said
from jhansi_runner.runner.warm.wants import Exact, Open

HINT = "write one package-url on each line, such as pkg:pypi/requests@2.32.0"


def read(file: str, data: bytes, context: Context) -> Said:
    """What a list names. Raises BadInput."""
    del context
    try:
        wants = lists.read(file, data.decode("utf-8-sig"))
    except lists.BadList as error:
        raise BadInput("", 0, str(error), HINT) from None
    except UnicodeDecodeError:
        raise BadInput(file, 0, "is not UTF-8 text", HINT) from None
    exacts = tuple(one for one in wants if isinstance(one, Exact))
    return Said(exacts, tuple(one for one in wants if isinstance(one, Open)))
