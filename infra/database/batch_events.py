"""A batch's own trail with the batch as it is by then, for whoever streams it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from common.batches import PACE_SECONDS, BatchEvent, BatchView
from common.models import JobId
from infra.database.batch_statements import COLUMNS, COUNTED
from infra.database.batch_views import batch_view
from infra.database.pool import Pool


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """What one look at a batch found."""

    #: The number of the newest event there is, which may be behind those found.
    last_event: int
    #: In order, without a gap.
    events: list[BatchEvent]
    #: As it was after these events or later; None where there are more of them to be fetched.
    batch: BatchView | None
    #: Whether the batch ended with the last of these events.
    has_ended: bool


class PostgresBatchProgress:
    """Batches and their events, whoever's they are: who asks has been checked before."""

    # One statement, so one snapshot: whether the batch has ended and with which event belong
    # together, also where one of its jobs is retried at this moment.
    EVENTS: Final[LiteralString] = """
        SELECT last_event, finished_at, event.id, kind, at, job_id, details
          FROM batches
          LEFT JOIN batch_events AS event
            ON event.batch_id = batches.id
               AND event.id > coalesce(%(after)s::int, last_event - %(limit)s)
         WHERE batches.id = %(batch_id)s
         ORDER BY event.id LIMIT %(limit)s
    """

    FIND: Final[LiteralString] = (
        f"WITH asked AS (SELECT {COLUMNS} FROM batches WHERE id = %(batch_id)s)"  # noqa: S608 - constants
        + COUNTED
    )

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look(self, batch_id: UUID, *, after: int | None, limit: int) -> BatchProgress | None:
        """Return up to `limit` events behind number `after`, the newest where that is None.

        None where the batch is not there. It is counted only behind its newest event, since that
        is what costs something.
        """
        values = {
            "batch_id": batch_id,
            "after": after,
            "limit": limit,
            "pace_seconds": PACE_SECONDS,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(self.EVENTS, values).fetchall()
            if not rows:
                return None
            last, finished_at = rows[0]["last_event"], rows[0]["finished_at"]
            events = [
                BatchEvent(
                    row["id"],
                    row["kind"],
                    row["at"],
                    row["job_id"] and JobId(row["job_id"]),
                    row["details"],
                )
                for row in rows
                if row["id"] is not None
            ]
            if events and events[-1].id != last:
                return BatchProgress(last, events, None, has_ended=False)
            found = connection.execute(self.FIND, values).fetchone()
        if found is None:
            return None
        # Not reopened, and ended again, between the two statements.
        has_ended = finished_at is not None and found["finished_at"] == finished_at
        return BatchProgress(last, events, batch_view(found), has_ended)
