"""Where a page of a list ended, and what else may stand there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from functions.api.paging import (
    cursor_behind_page,
    page_of,
    position_of,
    written,
)
from functions.api.patterns import JOB_PLACE, PAGE_PLACE
from infra.database.listings import Position

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: From 1970 until 4139.
MOMENTS = st.integers(0, 2**56 - 2**52).map(lambda at: EPOCH + at * timedelta(microseconds=1))


@given(MOMENTS, st.uuids())
def test_a_position_comes_back_as_it_was_written(created_at: datetime, job_id: UUID) -> None:
    position = Position(created_at, job_id)
    cursor = written(position)
    assert re.fullmatch(JOB_PLACE, cursor)
    assert position_of(cursor) == position


@given(st.integers(0, 999_999_999))
def test_a_page_comes_back_as_it_was_written(number: int) -> None:
    cursor = cursor_behind_page(number)
    assert re.fullmatch(PAGE_PLACE, cursor)
    assert page_of(cursor) == number


def test_without_a_cursor_a_list_begins_at_its_beginning() -> None:
    assert page_of(None) == 0
    assert position_of(None) is None


@given(st.from_regex(re.compile(JOB_PLACE, re.ASCII), fullmatch=True))
def test_every_text_of_the_documented_form_is_a_place(cursor: str) -> None:
    position = position_of(cursor)
    assert position is not None
    assert written(position) == cursor
