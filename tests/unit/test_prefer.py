"""What a caller prefers, and how long an answer waits for it."""

from __future__ import annotations

import pytest

from functions.api.prefer import Patience, Preference, patience_for, read_preference


@pytest.mark.parametrize(
    ("headers", "preference"),
    [
        ([], Preference()),
        (["wait=10"], Preference(wait=10)),
        (['wait="10"'], Preference(wait=10)),
        (["WAIT = 10"], Preference(wait=10)),
        (["respond-async, wait=10"], Preference(wait=10, respond_async=True)),
        (["respond-async", "wait=10"], Preference(wait=10, respond_async=True)),
        (["wait=10; odd=thing, respond-async"], Preference(wait=10, respond_async=True)),
        (["handling=lenient, wait=7"], Preference(wait=7)),
        (["wait=5, wait=10"], Preference(wait=5)),
        (["wait=9999999999"], Preference(wait=9_999_999_999)),
    ],
)
def test_preferences_are_read_as_rfc_7240_writes_them(
    headers: list[str], preference: Preference
) -> None:
    assert read_preference(headers) == preference


@pytest.mark.parametrize(
    "header", ["", ",", "wait", "wait=", "wait=-1", "wait=1.5", "wait=ten", "wait=٣", "=", 'wait="']
)
def test_what_is_not_understood_is_as_if_it_were_not_there(header: str) -> None:
    assert read_preference([header]) == Preference()


@pytest.mark.parametrize(
    ("preference", "pages", "patience"),
    [
        (Preference(), 10, Patience(30)),
        (Preference(), 11, Patience(0)),
        (Preference(), None, Patience(0)),
        (Preference(wait=5), 11, Patience(5, "wait=5")),
        (Preference(wait=5), 1, Patience(5, "wait=5")),
        (Preference(wait=0), 1, Patience(0, "wait=0")),
        (Preference(wait=10**18), 1, Patience(300, "wait=300")),
        (Preference(respond_async=True), 1, Patience(0, "respond-async")),
        (Preference(wait=5, respond_async=True), 1, Patience(5, "wait=5")),
    ],
)
def test_who_says_nothing_waits_for_a_small_document_only(
    preference: Preference, pages: int | None, patience: Patience
) -> None:
    assert _patience(preference, pages) == patience


@pytest.mark.parametrize("preference", [Preference(), Preference(respond_async=True)])
def test_where_no_answer_is_asynchronous_all_wait_as_long_as_they_may(
    preference: Preference,
) -> None:
    assert _patience(preference, 5000, never_async=True) == Patience(300)
    assert _patience(Preference(wait=5), 5000, never_async=True) == Patience(5, "wait=5")


def _patience(preference: Preference, pages: int | None, *, never_async: bool = False) -> Patience:
    return patience_for(
        preference,
        pages=pages,
        threshold=10,
        usual_seconds=30,
        max_seconds=300,
        never_async=never_async,
    )
