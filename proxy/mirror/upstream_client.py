"""The only code that dials a registry: GET, within the policy's hosts, trusting what the host trusts.

`HTTPS_PROXY` and the like are honoured, and OpenSSL's own `SSL_CERT_FILE` and `SSL_CERT_DIR`.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from jhansi_runner.proxy.mirror.route import CUT_OFF, has_route
from jhansi_runner.proxy.registries.interface import Source
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=20)
_DOCUMENT_SECONDS = 120.0
_MAX_REDIRECTS = 5
_ATTEMPTS = 3
_TIMEOUTS = 2
"""Attempts that may end in silence: whoever asks is waiting too, and gives up at some point."""
_RETRIED = frozenset({500, 502, 503, 504})
_UNWILLING = frozenset({400, 401, 403, 451})


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it came. `url` is where it came from after redirects; `status` is 200, 304 or 404."""

    url: str
    status: int
    content_type: str
    etag: str
    body: bytes
    modified: str = ""


class UpstreamClient:
    """One pool of connections. `may_dial(scheme, netloc)` decides every host, redirects included."""

    def __init__(
        self,
        pause: float = 0.3,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,
        document_seconds: float = _DOCUMENT_SECONDS,
    ) -> None:
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(), limit=64, limit_per_host=32)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=timeout, trust_env=True, cookie_jar=aiohttp.DummyCookieJar()
        )
        self._pause, self._document_seconds = pause, document_seconds

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def document(self, source: Source, etag: str, may_dial: Callable[[str, str], bool]) -> Fetched:
        """Fetch a document whole, in at most 120 s with all attempts. Raises UpstreamFailure."""
        headers = {"Accept": source.accept, "Accept-Encoding": "gzip, deflate", **dict(source.headers)}
        if etag:
            headers["If-None-Match"] = etag
        try:
            async with asyncio.timeout(self._document_seconds):
                return await self._whole(source, headers, may_dial)
        except TimeoutError as error:
            raise UpstreamFailure(f"{source.url} did not come whole in {self._document_seconds:g} s") from error

    async def _whole(self, source: Source, headers: dict[str, str], may_dial: Callable[[str, str], bool]) -> Fetched:
        async with self._get(source.url, headers, may_dial) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > source.size:
                    raise UpstreamFailure(f"{source.url} is larger than {source.size} bytes")
            return Fetched(
                url=str(response.url),
                status=response.status,
                content_type=response.headers.get("Content-Type", ""),
                etag=response.headers.get("ETag", ""),
                body=bytes(body),
                modified=response.headers.get("Last-Modified", ""),
            )

    @asynccontextmanager
    async def file(
        self, url: str, headers: Sequence[tuple[str, str]], may_dial: Callable[[str, str], bool]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open a file for reading, as it is stored and not compressed. Raises UpstreamFailure."""
        sent = {**dict(headers), "Accept-Encoding": "identity"}
        async with self._get(url, sent, may_dial, decompress=False) as response:
            if response.status != 200:
                raise UpstreamFailure(f"upstream answered {response.status} for {url}", 404)
            yield response

    @asynccontextmanager
    async def _get(
        self, url: str, headers: dict[str, str], may_dial: Callable[[str, str], bool], *, decompress: bool = True
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        response = await self._open(url, headers, may_dial, decompress=decompress)
        try:
            yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UpstreamFailure(f"the answer for {url} broke off: {_words(error)}") from error
        finally:
            response.close()

    async def _open(
        self, url: str, headers: dict[str, str], may_dial: Callable[[str, str], bool], *, decompress: bool = True
    ) -> aiohttp.ClientResponse:
        failure = UpstreamFailure(f"{url} was not tried")
        timeouts = 0
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._pause * 2**attempt)
            try:
                response = await self._follow(url, headers, may_dial, decompress=decompress)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                if _is_cut_off(error):
                    words = f"this host has no route to {URL(url).host}; with --offline only the cache is asked"
                    raise UpstreamFailure(words, CUT_OFF) from error
                failure = UpstreamFailure(f"cannot reach {URL(url).host}: {_words(error)}")
                timeouts += isinstance(error, TimeoutError)
                if timeouts == _TIMEOUTS:
                    break
                continue
            if response.status in (200, 304):
                return response
            retry_after = response.headers.get("Retry-After", "")
            response.close()
            if response.status in (404, 410):
                raise UpstreamFailure(f"upstream has no {url}", 404, absent=True)
            if response.status in _UNWILLING:  # what it refuses to all of us is not there for us; nobody remembers that
                raise UpstreamFailure(f"upstream answered {response.status} for {url}", 404)
            if response.status == 429:
                raise UpstreamFailure(f"upstream asks to slow down ({url})", 429, retry_after or "30")
            failure = UpstreamFailure(f"upstream answered {response.status} for {url}", 502, retry_after)
            if response.status not in _RETRIED:
                break
        raise failure

    async def _follow(
        self, url: str, headers: dict[str, str], may_dial: Callable[[str, str], bool], *, decompress: bool = True
    ) -> aiohttp.ClientResponse:
        target = URL(url, encoded=True)
        for _ in range(_MAX_REDIRECTS):
            netloc = target.raw_authority.rsplit("@", 1)[-1]
            if not may_dial(target.scheme, netloc):
                raise UpstreamFailure(f"{netloc} is not a host that the policy lets out, though {url} leads there")
            response = await self._session.get(
                target, headers=headers, allow_redirects=False, auto_decompress=decompress
            )
            location = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                return response
            response.close()
            target = target.join(URL(location, encoded=True))
        raise UpstreamFailure(f"{url} redirects more than {_MAX_REDIRECTS} times")


def _is_cut_off(error: Exception) -> bool:
    """Whether it makes no sense to try again: nobody was there to refuse, and no packet can leave this host."""
    unanswered = isinstance(error, aiohttp.ClientConnectorError) and error.errno != errno.ECONNREFUSED
    return unanswered and not has_route()


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
