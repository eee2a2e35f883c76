"""Where a page of a list ended, as a text that only the list itself reads.

Every text of the documented form is a place, also one that no page ended at: then the list goes
on behind where it would be.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from common.models import JobView
from functions.api.patterns import JOB_PLACE, PAGE_PLACE
from infra.database.listings import Position

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_DESCRIPTION: Final = "`next_cursor` of the page before."

#: Of a list of jobs.
Cursor = Annotated[str | None, Query(pattern=JOB_PLACE, description=_DESCRIPTION)]
#: Of a list of batches.
BatchCursor = Cursor
#: Of a list in the order of a batch's manifest.
LineCursor = Annotated[str | None, Query(pattern=PAGE_PLACE, description=_DESCRIPTION)]
#: Of a list in the order of a document's pages.
PageCursor = Annotated[str | None, Query(pattern=PAGE_PLACE, description=_DESCRIPTION)]

#: Of a list in the order of what a document says.
PositionCursor = Annotated[str | None, Query(pattern=PAGE_PLACE, description=_DESCRIPTION)]


def cursor_behind(job: JobView) -> str:
    """Return the cursor for what follows this job."""
    return written(Position(job.created_at, job.id))


def written(position: Position) -> str:
    """Return the cursor for what follows."""
    return f"{(position.created_at - _EPOCH) // _MICROSECOND:014x}{position.id.hex}"


def position_of(cursor: str | None) -> Position | None:
    """Return where the page before ended; None without a cursor."""
    if cursor is None:
        return None
    moment = _EPOCH + int(cursor[:14], 16) * _MICROSECOND
    return Position(moment, UUID(cursor[14:]))


def cursor_behind_page(number: int) -> str:
    """Return the cursor for what begins behind this page of a document."""
    return str(number)


def page_of(cursor: str | None) -> int:
    """Return the page behind which to go on; 0 without a cursor."""
    return int(cursor or 0)


def cursor_behind_line(position: int) -> str:
    """Return the cursor for what stands behind this line of a batch's manifest."""
    return str(position)


def line_of(cursor: str | None) -> int:
    """Return the line behind which to go on; 0 without a cursor."""
    return int(cursor or 0)


def cursor_behind_position(position: int) -> str:
    """Return the cursor for what stands behind this sentence or passage of a document."""
    return str(position)


def position_in_text(cursor: str | None) -> int:
    """Return the position behind which to go on; -1 without a cursor, for they count from 0."""
    return -1 if cursor is None else int(cursor)
