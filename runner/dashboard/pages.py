"""Templates to pages. All that is put into one is escaped, and what cannot be seen in it is shown by its code."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.runner.console import counted, shown
from jhansi_runner.runner.dashboard import words
from jhansi_runner.runner.dashboard.guard import HEADERS
from jhansi_runner.runner.sandboxes.model import Caller

STATIC = {
    "style.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_PACKAGE = "jhansi_runner.runner.dashboard"


def page(
    template: str,
    caller: Caller | None,
    values: Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] = HEADERS,
    signed_in: bool = False,
) -> Response:
    """A page. `caller` is who looks, None for nobody known; with `signed_in` there is a session to end."""
    text = _environment().get_template(template).render({**values, "viewer": caller, "signed_in": signed_in})
    return Response(text.encode("utf-8", "replace"), status, {**headers, "Content-Type": "text/html; charset=utf-8"})


@cache
def static(name: str) -> bytes:
    """A file that pages name. Raises KeyError."""
    STATIC[name]
    return (resources.files(_PACKAGE) / "static" / name).read_bytes()


def _address(name: str) -> str:
    """Where a static file is: another place for each content, so that it may be kept."""
    return f"/static/{name}?v={hashlib.sha256(static(name)).hexdigest()[:12]}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_final,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        name=words.name,
        moment=words.moment,
        lasting=words.lasting,
        size=size_text,
        counted=counted,
        text=words.text,
        kept=words.kept,
    )
    environment.globals["static"] = _address
    return environment


def _final(value: object) -> object:
    """What is put into a page, before it is escaped. Markup was made here, of what was escaped already."""
    return value if isinstance(value, Markup) else shown(str(value))
