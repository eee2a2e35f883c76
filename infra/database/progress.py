"""A job's events with the job as it is by then, for whoever streams them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from common.models import JobEvent, JobId, JobView
from infra.database.job_views import VIEW, views_of
from infra.database.pool import Pool


@dataclass(frozen=True, slots=True)
class Progress:
    """What one look at a job found."""

    #: The number of the newest event there is, which may be behind those found.
    last_event: int
    #: In order, without a gap.
    events: list[JobEvent]
    #: As it was after these events or later; None where nothing is new.
    job: JobView | None
    #: Whether the job ended with the last of these events.
    has_ended: bool


class PostgresProgress:
    """Jobs and their events, whoever's they are: who asks has been checked before."""

    # One statement, so one snapshot: whether the job has ended and with which event belong
    # together, also where it is retried at this moment. `details` keeps what it says itself.
    EVENTS: Final[LiteralString] = """
        SELECT last_event, jobs.finished_at, event.id, kind, at,
               jsonb_strip_nulls(jsonb_build_object(
                   'total_chunks',
                   CASE WHEN details ?| '{chunk_index,indexes}' THEN jobs.total_chunks END,
                   'page_start', chunks.page_start, 'page_end', chunks.page_end)
               ) || details AS details
          FROM jobs
          LEFT JOIN job_events AS event
            ON event.job_id = jobs.id
               AND event.id > coalesce(%(after)s::int, last_event - %(limit)s)
          LEFT JOIN chunks
            ON chunks.job_id = jobs.id AND index = (details->>'chunk_index')::int
         WHERE jobs.id = %(job_id)s
         ORDER BY event.id LIMIT %(limit)s
    """

    FIND: Final[LiteralString] = VIEW + " WHERE jobs.id = %(job_id)s"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look(self, job_id: UUID, *, after: int | None, limit: int) -> Progress | None:
        """Return up to `limit` events behind number `after`, the newest where that is None.

        None where the job is not there. Every event of a chunk says the chunk's pages and how
        many chunks there are.
        """
        values = {"job_id": job_id, "after": after, "limit": limit}
        with self._pool.connection() as connection:
            rows = connection.execute(self.EVENTS, values).fetchall()
            if not rows:
                return None
            last, finished_at = rows[0]["last_event"], rows[0]["finished_at"]
            events = [
                JobEvent(row["id"], JobId(job_id), row["kind"], row["at"], row["details"])
                for row in rows
                if row["id"] is not None
            ]
            if not events and finished_at is None:
                return Progress(last, events, None, has_ended=False)
            # Behind the events: whoever has heard them all knows how the job is.
            found = connection.execute(self.FIND, values).fetchall()
            job = next(iter(views_of(connection, found)), None)
        is_all = not events or events[-1].id == last
        has_ended = (
            job is not None
            and finished_at is not None
            and is_all
            # Not retried, and ended again, between the two statements.
            and job.finished_at == finished_at
        )
        return Progress(last, events, job, has_ended)
