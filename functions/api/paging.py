"""Where a page of a list ended, as an opaque text that only the list itself reads."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import Query
from msgspec import Meta

from common.errors import InvalidRequest
from common.models import JobView
from infra.database.listings import Position

#: Whether the newest came first, and where the page ended.
_JobPlace = tuple[bool, Annotated[datetime, Meta(tz=True)], UUID]
#: Pages are counted by Postgres integers.
_PagePlace = Annotated[int, Meta(ge=0, le=2**31 - 1)]

Cursor = Annotated[
    str | None,
    Query(
        max_length=200,
        description="`next_cursor` of the page before. Filters may change meanwhile, `sort` not.",
    ),
]

_SENTENCE: Final = "`cursor` must be the `next_cursor` of a page of this list, in the same order."


def cursor_behind(job: JobView, *, newest_first: bool) -> str:
    """Return the cursor for what follows this job."""
    return cursor_behind_place(Position(job.created_at, job.id), newest_first=newest_first)


def cursor_behind_place(place: Position, *, newest_first: bool) -> str:
    """Return the cursor for what follows in this order."""
    return _written((newest_first, place.created_at, place.id))


def position_of(cursor: str | None, *, newest_first: bool) -> Position | None:
    """Return where the page before ended. InvalidRequest INVALID_CURSOR for any other text."""
    if cursor is None:
        return None
    same_order, created_at, job_id = _read(cursor, _JobPlace)
    if same_order is not newest_first:
        raise _invalid()
    return Position(created_at, job_id)


def cursor_behind_page(number: int) -> str:
    """Return the cursor for what begins behind this page of a document."""
    return _written(number)


def page_of(cursor: str | None) -> int:
    """Return the page behind which to go on; 0 without a cursor. InvalidRequest as above."""
    number: int = 0 if cursor is None else _read(cursor, _PagePlace)
    return number


def _written(place: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def _read(cursor: str, shape: Any) -> Any:
    try:
        content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(content, type=shape)
    except (NotBase64, ValueError, msgspec.MsgspecError) as error:
        raise _invalid() from error


def _invalid() -> InvalidRequest:
    return InvalidRequest(_SENTENCE, code="INVALID_CURSOR", status=422)
