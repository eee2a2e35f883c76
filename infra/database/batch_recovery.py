"""Recoveries: what failed in a batch is read again, all of it in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from common.access import Caller
from common.controls import RETRIABLE
from common.errors import Conflict, InsufficientCredits, NotFound
from common.models import JobId, LargeDocument, ObjectRef, Priority
from common.names import is_promised
from common.pages import PageRange
from common.recovery import (
    PASSING,
    REFUSED,
    FailedJob,
    FailedPages,
    Recovered,
    Remedy,
    Skipped,
    Strategy,
    above,
    remedy,
    skipped_pages,
)
from infra.database import recovery_statements as sql
from infra.database.deadlocks import tried_again
from infra.database.idempotency import RequestKey, remember
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool

#: Whoever writes several jobs at once may meet another who does. Postgres lets one of them go on.
_TRIES: Final = 3


class PostgresRecoveries:
    """Batches whose failures are read again."""

    SKIPPED: Final[LiteralString] = f"""
        SELECT place, entry
          FROM batches
          LEFT JOIN LATERAL (
               SELECT place, entry
                 FROM jsonb_array_elements(skipped) WITH ORDINALITY AS entries (entry, place)
                WHERE place > %(after)s ORDER BY place LIMIT %(limit)s) AS found ON true
         WHERE id = %(batch_id)s AND {OWNED}
         ORDER BY place
    """  # noqa: S608 - put together of constants

    def __init__(self, pool: Pool, *, credits_enabled: bool = False) -> None:
        self._pool = pool
        self._credits_enabled = credits_enabled

    def recover(
        self,
        origin: UUID,
        caller: Caller,
        *,
        strategy: Strategy,
        priority: Priority | None = None,
        request: RequestKey | None = None,
        request_age: timedelta = timedelta(days=1),
    ) -> Recovered:
        """Make the recovery, and return what is to be sent for it beside the turns.

        Raises NotFound, Conflict `NOTHING_TO_RECOVER` with a sentence that says why, KeyTaken and
        InsufficientCredits; then nothing has changed.
        """
        return tried_again(
            lambda: self._recover(origin, caller, strategy, priority, request, request_age),
            tries=_TRIES,
        )

    def _recover(
        self,
        origin: UUID,
        caller: Caller,
        strategy: Strategy,
        priority: Priority | None,
        request: RequestKey | None,
        request_age: timedelta,
    ) -> Recovered:
        with self._pool.connection() as connection, connection.transaction():
            values: dict[str, Any] = {"origin": origin, **whose(caller)}
            batch = connection.execute(sql.ORIGIN, values).fetchone()
            if batch is None:
                raise NotFound("There is no batch with this id.", code="BATCH_NOT_FOUND")
            values["statuses"] = [status.value for status in RETRIABLE]
            values["ids"] = [row["id"] for row in connection.execute(sql.LOCK, values)]
            values["codes"] = list(PASSING) if strategy is Strategy.SELECTIVE else None
            values["refused"] = list(REFUSED)
            retried, rerun, skipped = _chosen(connection, values, strategy)
            if not retried and not rerun:
                raise _nothing(skipped, strategy, has_ended=batch["finished_at"] is not None)
            values |= {
                "batch_id": uuid4(),
                "priority": (priority or above(Priority(batch["priority"]))).value,
                "strategy": strategy.value,
                "skipped": Jsonb(msgspec.to_builtins(skipped)),
                "total": len(retried) + len(rerun),
                "retried": retried,
                "rerun": rerun,
                "fresh": [uuid4() for _ in rerun],
            }
            due = self._write(connection, values)
            if request is not None:
                remember(
                    connection,
                    owner=caller.owner,
                    request=request,
                    batch_id=values["batch_id"],
                    age=request_age,
                )
        return Recovered(
            batch_id=values["batch_id"],
            retried=len(retried),
            rerun=len(rerun),
            skipped=len(skipped),
            splits=tuple(
                LargeDocument(
                    ObjectRef(row["bucket"], row["object"], row["generation"]),
                    JobId(row["id"]),
                    row["dispatches"],
                )
                for row in due
                if row["next"] == "splitting"
            ),
            merges=tuple(
                (JobId(row["id"]), row["dispatches"]) for row in due if row["next"] == "merging"
            ),
        )

    def skipped(
        self, batch_id: UUID, caller: Caller, *, after: int = 0, limit: int
    ) -> list[tuple[int, Skipped]] | None:
        """Return what the recovery leaves alone behind place `after`, each with its place.

        None where there is no such batch for this caller. Nothing is skipped where none recovers.
        """
        values = {"batch_id": batch_id, "after": after, "limit": limit, **whose(caller)}
        with self._pool.connection() as connection:
            rows = connection.execute(self.SKIPPED, values).fetchall()
        if not rows:
            return None
        return [
            (row["place"], msgspec.convert(row["entry"], Skipped))
            for row in rows
            if row["place"] is not None
        ]

    def _write(self, connection: Connection[Any], values: dict[str, Any]) -> list[dict[str, Any]]:
        connection.execute(sql.REOPEN, values)
        if self._credits_enabled:
            _reserve(connection, values)
        values["all"] = [*values["retried"], *values["rerun"]]
        connection.execute(sql.LOCK_DOCUMENTS, values)
        connection.execute(sql.LOCK_BATCHES, values)
        connection.execute(sql.ADD_BATCH, values)
        due: list[dict[str, Any]] = connection.execute(sql.RETRY, values).fetchall()
        if values["rerun"]:
            connection.execute(sql.RERUN, values)
        values["all"] = [*values["retried"], *values["fresh"]]
        connection.execute(sql.ADD_JOBS, values)
        return due


def _chosen(
    connection: Connection[Any], values: Mapping[str, Any], strategy: Strategy
) -> tuple[list[UUID], list[UUID], list[Skipped]]:
    jobs = [_failed(row) for row in connection.execute(sql.JOBS, values)]
    by_id = {job.id: job for job in jobs}
    remedies = {job.id: remedy(job, strategy) for job in jobs}
    chosen = {how: [id_ for id_, each in remedies.items() if each is how] for how in Remedy}
    skipped = [each for each in remedies.values() if isinstance(each, Skipped)]
    whole = {each.job_id for each in skipped}
    asked = {
        "ids": [id_ for id_ in by_id if id_ not in whole],
        "chosen": [*chosen[Remedy.RETRY], *chosen[Remedy.RERUN]],
    }
    left = [
        FailedPages(row["job_id"], PageRange(row["first"], row["last"]), row["code"],
                    row["message"])
        for row in connection.execute(sql.LEFT, {**values, **asked})
    ]  # fmt: skip
    places = {id_: place for place, id_ in enumerate(by_id)}
    skipped += skipped_pages(by_id, left)
    skipped.sort(key=lambda each: places[each.job_id])
    return [*chosen[Remedy.RETRY]], [*chosen[Remedy.RERUN]], skipped


def _failed(row: dict[str, Any]) -> FailedJob:
    return FailedJob(
        id=JobId(row["id"]),
        document_id=row["document_id"],
        filename=row["filename"],
        has_landed=row["has_landed"],
        # The clean-up lets an upload go of which nothing has come.
        has_source=row["has_result"] or not is_promised(row["object"]),
        is_cleaned=row["is_cleaned"],
        code=row["code"],
        message=row["message"],
        failed_pages=row["failed_pages"],
        taken_chunks=row["taken"],
        is_hopeless=row["is_hopeless"],
    )


def _reserve(connection: Connection[Any], values: Mapping[str, Any]) -> None:
    row = connection.execute(sql.RESERVE, values).fetchone()
    assert row is not None
    if not row["is_paid"]:
        raise InsufficientCredits(
            f"{row['pages']} pages are to be read again, and your credits do not cover them."
        )


def _nothing(skipped: Sequence[Skipped], strategy: Strategy, *, has_ended: bool) -> Conflict:
    if not skipped:
        sentence = "Nothing of this batch has failed" + ("." if has_ended else " so far.")
    elif strategy is Strategy.SELECTIVE:
        sentence = (
            f"What failed would fail again, as far as Quire can tell ({_codes(skipped)}). "
            "Recover with strategy `all` to have it read again all the same."
        )
    else:
        sentence = f"What failed would be refused again ({_codes(skipped)}). Send it anew."
    return Conflict(sentence, code="NOTHING_TO_RECOVER")


def _codes(skipped: Sequence[Skipped]) -> str:
    codes = sorted({each.code for each in skipped})
    return ", ".join(codes[:3]) + (" and others" if len(codes) > 3 else "")
