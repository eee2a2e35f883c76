"""Where a page of a list ended, as a text that nobody else can make."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidRequest
from functions.api.paging import (
    cursor_behind_page,
    cursor_behind_place,
    page_of,
    position_of,
)
from infra.database.listings import Position


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.booleans())
def test_a_position_comes_back_as_it_was_written(
    created_at: datetime, job_id: UUID, newest_first: bool
) -> None:
    position = Position(created_at, job_id)
    cursor = cursor_behind_place(position, newest_first=newest_first)
    assert len(cursor) <= 200
    assert position_of(cursor, newest_first=newest_first) == position
    with pytest.raises(InvalidRequest, match="in the same order"):
        position_of(cursor, newest_first=not newest_first)


def test_a_page_comes_back_as_it_was_written() -> None:
    assert page_of(cursor_behind_page(425)) == 425
    assert page_of(None) == 0
    assert position_of(None, newest_first=True) is None


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    for read in (page_of, lambda cursor: position_of(cursor, newest_first=True)):
        with pytest.raises(InvalidRequest) as caught:
            read(text)
        assert (caught.value.code, caught.value.status) == ("INVALID_CURSOR", 422)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"-1",
        b"2147483648",
        b"1.5",
        b'"7"',
        b"[true]",
        b'[true,"2026-11-22T09:30:00","4b1f6a0e-6c1c-4a43-9a3e-0f6a3d0f5c11"]',
        b'[1,"2026-11-22T09:30:00Z","4b1f6a0e-6c1c-4a43-9a3e-0f6a3d0f5c11"]',
        b'[true,"2026-11-22T09:30:00Z","4b1f6a0e"]',
        b'{"a": "b"}',
        b"\xff\xfe",
    ],
)
def test_what_was_made_by_hand_is_refused(content: bytes) -> None:
    cursor = urlsafe_b64encode(content).decode()
    for read in (page_of, lambda cursor: position_of(cursor, newest_first=True)):
        with pytest.raises(InvalidRequest):
            read(cursor)
