"""The guards against faults that other proxies had: what each is made of, and the tests that miss it.

A guard is removed by replacing a text of the source. `python -m faults.without` does so in a copy, one guard at a time,
and runs the tests, of which at least one has to fail for each registry that the guard is for.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL = ("pypi", "npm", "maven", "golang")


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: against which fault, by its number in docs/faults.md; in which `file` below the top folder.

    `texts` are replaced, each by its counterpart. `tests` are pytest's names without parameters, relative to `tests/`.
    `types` are the registries of which one of these tests has to fail; () where the guard knows of none.
    """

    fault: int
    what: str
    file: str
    texts: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]
    types: tuple[str, ...] = ()


_POLICY = "conformance/test_policy.py::"
_SERVING = "conformance/test_serving.py::"
_VIEWS = "conformance/test_views.py::"
_BOTH_SIDES = f"{_POLICY}test_both_sides_of_the_cutoff"
_UNKNOWN = f"{_POLICY}test_an_unknown_date_is_young_until_we_have_known_it_long_enough"
DATED = ("pypi", "npm", "maven")

GUARDS = (
    Guard(
        1,
        "the registry's date is compared the right way round",
        "proxy/policy/ages.py",
        (("return None if published + limit.seconds <= now", "return None if published + limit.seconds >= now"),),
        (_BOTH_SIDES, "proxy/policy/test_ages.py::test_on_both_sides_of_the_cutoff"),
        DATED,
    ),
    Guard(
        1,
        "the second clock is compared the right way round",
        "proxy/policy/ages.py",
        (("if seen + limit.seconds <= now:", "if seen + limit.seconds >= now:"),),
        (_UNKNOWN, "proxy/policy/test_ages.py::test_on_both_sides_of_the_cutoff"),
        ("pypi", "npm", "golang"),
    ),
    Guard(
        1,
        "what is judged as one is old enough for all",
        "proxy/policy/alike.py",
        (("0 < published <= old", "published >= old"),),
        (_BOTH_SIDES, "proxy/policy/test_alike.py::test_a_group_gets_the_answer_that_each_of_it_would_get"),
    ),
    Guard(
        1,
        "a date in the future is none",
        "proxy/policy/ages.py",
        (("if published is not None and 0 < published <= now:", "if published is not None:"),
         ("return None if published + limit.seconds <= now", "return None if abs(now - published) >= limit.seconds")),
        (f"{_POLICY}test_a_date_in_the_future_is_no_date",),
        DATED,
    ),
    Guard(
        2,
        "a file is judged by its name before anybody is asked for it",
        "proxy/mirror/files.py",
        (("denied = refused_by_name(asker, wanted.package)", "denied = None"),),
        (f"{_POLICY}test_what_the_default_denies_is_asked_of_nobody",),
        ALL,
    ),
    Guard(
        2,
        "a file is judged by all that is known of it before it is fetched",
        "proxy/mirror/files.py",
        (("denied = refusal(self._judge.decide(registry, known, asker, unread), known.coordinate)", "denied = None"),),
        (_BOTH_SIDES,),
        DATED,
    ),
    Guard(
        2,
        "a file that is kept is judged again",
        "proxy/mirror/files.py",
        (("denied = refusal(decision, told.release.coordinate)", "denied = None"),),
        (f"{_POLICY}test_a_file_that_was_cached_before_it_was_too_large_is_refused",),
        ALL,
    ),
    Guard(
        2,
        "no judgement of a file is left out",
        "proxy/mirror/files.py",
        (("denied = refused_by_name(asker, wanted.package)", "denied = None"),
         ("denied = refusal(self._judge.decide(registry, known, asker, unread), known.coordinate)", "denied = None"),
         ("denied = refusal(decision, told.release.coordinate)", "denied = None")),
        (f"{_POLICY}test_a_denied_version_is_absent_from_the_listing_and_refused_as_a_file",
         f"{_POLICY}test_a_file_that_was_cached_before_it_was_denied_is_refused"),
        ALL,
    ),
    Guard(
        3,
        "a listing that cannot be filtered is not shown",
        "proxy/mirror/listings.py",
        (("shown = view(page.listing, asker, now,",
          "try:\n            view(page.listing, asker, now, bool)\n        except Exception:\n"
          "            globals()['view'] = lambda *_: View(page.listing.items)\n"
          "        shown = view(page.listing, asker, now,"),),
        (f"{_VIEWS}test_a_listing_that_cannot_be_filtered_is_not_shown",),
        ALL,
    ),
    Guard(
        3,
        "a document that cannot be read is not kept",
        "proxy/mirror/documents.py",
        (('raise UpstreamFailure(f"upstream\'s {error}") from error', "pass"),),
        ("proxy/mirror/test_index.py::test_a_faulty_page_neither_replaces_nor_outlives",
         f"{_SERVING}test_a_listing_that_cannot_be_read_is_not_passed_on"),
    ),
    Guard(
        4,
        "without any date a release is too young",
        "proxy/policy/ages.py",
        (('return f"{_no_date(published)}its age is not known, and {rule}", None', "return None"),),
        ("proxy/policy/test_judge.py::test_each_condition_refuses_what_it_is_about_and_nothing_else",
         "proxy/policy/test_ages.py::test_a_clock_that_was_set_back_makes_nothing_older"),
    ),
    Guard(
        4,
        "what has no date is as young as our knowledge of it",
        "proxy/policy/judge.py",
        (("and (young := too_young(age, release, now))",
          "and release.published is not None and (young := too_young(age, release, now))"),),
        (_UNKNOWN,),
        ("pypi", "npm", "golang"),
    ),
    Guard(
        4,
        "what has no date is no old file among others",
        "proxy/policy/alike.py",
        (("settled = old is None or (published is not None and 0 < published <= old)",
          "settled = old is None or published is None or 0 < published <= old"),),
        (f"{_POLICY}test_what_has_no_date_is_young_among_what_is_old",),
        ("pypi", "npm"),
    ),
    Guard(
        5,
        "a redirect is followed to hosts that the policy lets out, and to no other",
        "proxy/mirror/upstream_client.py",
        (("if not may_dial(target.scheme, netloc):", "if False:"),),
        (f"{_SERVING}test_a_client_is_never_sent_elsewhere",),
        ALL,
    ),
    Guard(
        5,
        "a redirect is never the client's",
        "proxy/mirror/engine.py",
        (("return problem(failure.status, UPSTREAM, words,",
          "return Answer(302, (('location', words[:9]),)) or problem(0, '', words,"),),
        (f"{_SERVING}test_a_client_is_never_sent_elsewhere",),
        ALL,
    ),
    Guard(
        6,
        "a large file is passed on while it comes",
        "proxy/mirror/files.py",
        (('whole = not undecided and not request.header("range") and request.method == "GET"', "whole = False"),),
        ("conformance/test_large.py::test_a_large_file_begins_before_the_upstream_has_sent_it_all",),
        ALL,
    ),
    Guard(
        7,
        "a view belongs to one policy",
        "proxy/mirror/listings.py",
        (("key = page.number, wanted, asker.policy.digest, names, ask", "key = page.number, wanted, names, ask"),),
        (f"{_VIEWS}test_a_tag_of_one_policys_view_is_none_of_anothers",),
        ALL,
    ),
    Guard(
        7,
        "a tag belongs to one view",
        "proxy/mirror/listings.py",
        (("f'\"{hashlib.sha256(rendered.body).hexdigest()[:32]}\"'",
          "f'\"{hashlib.sha256(page.sources[0][1].body).hexdigest()[:32]}\"'"),),
        (f"{_VIEWS}test_a_tag_of_one_policys_view_is_none_of_anothers",),
        ALL,
    ),
    Guard(
        7,
        "an upstream's tag is none of ours",
        "proxy/mirror/listings.py",
        (("if-none-match\"), shown.etag)", "if-none-match\"), page.sources[0][1].etag)"),),
        (f"{_VIEWS}test_the_upstreams_tag_says_nothing_of_our_view",),
    ),
    Guard(
        7,
        "unchanged is believed only where that was asked",
        "proxy/mirror/documents.py",
        (("if kept is None or not etag:", "if False:"),),
        (f"{_VIEWS}test_an_upstream_that_says_unchanged_without_being_asked_is_not_believed",),
        ALL,
    ),
    Guard(
        8,
        "a file that does not have the promised digest is not kept",
        "proxy/mirror/fetching.py",
        (("if found[name] != promised:", "if False:"),),
        ("conformance/test_faults.py::test_a_wrong_file_is_reported_and_not_kept",),
        DATED,
    ),
    Guard(
        8,
        "a file that is not sound is not kept",
        "proxy/mirror/fetching.py",
        (("if promise.check is not None:", "if False:"),),
        ("conformance/test_faults.py::test_a_wrong_file_is_reported_and_not_kept",),
        ("golang",),
    ),
    Guard(
        8,
        "a file that does not have the promised size is not kept",
        "proxy/mirror/fetching.py",
        (("if size != expected:", "if False:"),),
        ("conformance/test_faults.py::test_fewer_bytes_than_were_promised_are_refused_though_the_hash_fits",),
    ),
    Guard(
        8,
        "the last byte of a file is sent when it is verified, and not before",
        "proxy/mirror/download.py",
        (("_HELD_BACK = 1\n", "_HELD_BACK = 0\n"),),
        ("conformance/test_large.py::test_a_large_file_that_is_not_what_was_promised_never_ends_cleanly",),
        ALL,
    ),
    Guard(
        8,
        "what was interrupted is thrown away",
        "proxy/mirror/fetching.py",
        (("self._files.discard(self._path)", "self._files.commit(self._descriptor, self._path, 'f' * 64)"),),
        ("conformance/test_faults.py::test_a_wrong_file_is_reported_and_not_kept",),
        ALL,
    ),
    Guard(
        9,
        "a file is fetched once for all who ask",
        "proxy/mirror/artifacts.py",
        (("if under_way is not None:", "if False:"),
         ("artifact = self.kept(key)  # others may", "artifact = None  # others may"),
         ("digests = await adopt(promise, self._files)", "digests = None"),
         ("begun(download, flight, self._files) if flight.leads else await follow(download, flight, self._files)",
          "None"),
         ("if not flight.leads:", "if False:")),
        (f"{_SERVING}test_many_who_ask_for_a_new_file_make_one_request",),
        ALL,
    ),
    Guard(
        9,
        "a document is fetched once for all who ask",
        "proxy/mirror/documents.py",
        (("if flight is None:", "if True:"),),
        (f"{_SERVING}test_many_who_ask_for_a_new_listing_make_one_request",),
        ALL,
    ),
    Guard(
        10,
        "a failure is not kept as an absence",
        "proxy/mirror/documents.py",
        (("if failure.absent:", "if True:"),),
        ("conformance/test_flaky.py::test_each_document_may_fail_for_a_moment",
         f"{_SERVING}test_a_fault_is_not_remembered_as_an_absence"),
        ALL,
    ),
    Guard(
        10,
        "only an upstream's own word makes something absent",
        "proxy/mirror/upstream_client.py",
        (("if response.status in (404, 410):", "if response.status in (404, 410, 500, 503):"),),
        ("conformance/test_flaky.py::test_each_document_may_fail_for_a_moment",),
        ALL,
    ),
    Guard(
        10,
        "a failure is not taken for being offline",
        "proxy/mirror/documents.py",
        (("                return Kept(kept, \"stale\")\n            raise",
          "                return Kept(kept, \"stale\")\n            raise NotCached(\"offline\") from failure"),),
        ("conformance/test_flaky.py::test_each_document_may_fail_for_a_moment",),
        ALL,
    ),
    Guard(
        11,
        "a listing that did not change is not read again",
        "proxy/mirror/listings.py",
        (("page = self._pages.get(key)", "page = None"),),
        ("conformance/test_work.py::test_a_listing_is_read_and_judged_once",),
        ALL,
    ),
    Guard(
        11,
        "a view that did not change is not made again",
        "proxy/mirror/listings.py",
        (("if known is not None and (known", "if False and (known"),),
        ("conformance/test_work.py::test_a_listing_is_read_and_judged_once",),
        ALL,
    ),
    Guard(
        11,
        "what is alike is judged as one",
        "proxy/policy/decide.py",
        (("            if decision is None:", "            if True:"),),
        ("conformance/test_work.py::test_a_listing_is_read_and_judged_once",),
        ALL,
    ),
    Guard(
        12,
        "the public host is compared whole",
        "proxy/registries/upstreams.py",
        (("return host == self.public or", "return self.public in host or"),),
        ("conformance/test_hosts.py::test_no_look_alike_names_anything",),
        ALL,
    ),
    Guard(
        12,
        "a part of the public host is not the host",
        "proxy/registries/upstreams.py",
        (("return host == self.public or", "return host in self.public or"),),
        ("conformance/test_hosts.py::test_a_part_of_a_host_is_not_the_host",),
        ALL,
    ),
    Guard(
        12,
        "the hosts of files are compared whole",
        "proxy/registries/upstreams.py",
        (("if host == self.host or host in self.files:",
          "if self.host in host or any(one in host for one in self.files):"),),
        ("conformance/test_hosts.py::test_no_look_alike_names_anything",
         "conformance/test_hosts.py::test_what_the_operator_lists_is_served_from_there_only"),
        ALL,
    ),
    Guard(
        12,
        "the operator's host is compared whole",
        "proxy/registries/upstreams.py",
        (("if host == self.host and path", "if self.host in host and path"),),
        ("conformance/test_hosts.py::test_no_look_alike_names_anything",),
        ALL,
    ),
    Guard(
        12,
        "a pattern without * names one package",
        "proxy/policy/pattern.py",
        (("return text == pattern", "return pattern in text"),),
        ("proxy/policy/test_decide.py", "proxy/policy/test_pattern.py"),
    ),
    Guard(
        12,
        "a pattern begins where the name does",
        "proxy/policy/pattern.py",
        (("text.startswith(first) and text.endswith(last)", "first in text and text.endswith(last)"),),
        ("proxy/policy/test_pattern.py::test_a_star_stands_for_any_run_of_characters",
         "proxy/policy/test_pattern.py::test_a_star_names_what_the_documentation_says"),
    ),
    Guard(
        12,
        "tunnels are opened to registries and to nothing that looks like one",
        "proxy/gate/verdict.py",
        (("if not any(upstream.knows(host) for upstream in upstreams):",
          "if not any(upstream.public in host or upstream.knows(host) for upstream in upstreams):"),),
        ("proxy/gate/test_verdict.py::test_tunnels_elsewhere_are_refused",),
    ),
)  # fmt: skip
