"""However often somebody asks without the token, the ledger grows by two lines a minute, which say how often."""

from __future__ import annotations

from jhansi_runner.proxy.ledger import DENY, Entry
from jhansi_runner.proxy.team.strangers import MOST, SECONDS, Strangers


def _asked(client: str, url: str = "/a") -> Entry:
    return Entry("mirror", DENY, "GET", url, client=client, code="JR-TOKEN", status=401, time=1.5)


def test_the_first_of_an_address_is_recorded_and_the_rest_are_counted() -> None:
    strangers = Strangers()
    assert [strangers.is_first(_asked("192.0.2.1", f"/{number}"), number) for number in range(5)] == [True] + [
        False
    ] * 4
    assert strangers.is_first(_asked("192.0.2.2"), 5)
    assert strangers.due(SECONDS - 1) == []
    (rest,) = strangers.due(SECONDS)
    assert (rest.client, rest.times, rest.url, rest.code, rest.time) == ("192.0.2.1", 4, "/4", "JR-TOKEN", 0.0)
    assert strangers.is_first(_asked("192.0.2.1"), SECONDS + 1)
    assert strangers.due(9 * SECONDS) == []


def test_a_network_of_ipv6_is_one_address() -> None:
    strangers = Strangers()
    assert [strangers.is_first(_asked(f"2001:db8::{number}"), 0) for number in range(1, 4)] == [True, False, False]
    (rest,) = strangers.due(SECONDS)
    assert (rest.client, rest.times) == ("2001:db8::", 2)


def test_addresses_without_number_are_counted_as_one() -> None:
    strangers = Strangers()
    first = [strangers.is_first(_asked(f"192.0.{number // 250}.{number % 250}"), 0) for number in range(3 * MOST)]
    assert sum(first) == MOST + 1
    (rest,) = strangers.due(SECONDS)
    assert (rest.client, rest.times) == ("", 2 * MOST - 1)
