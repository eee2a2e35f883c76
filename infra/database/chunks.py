"""What workers write. Every method is one transaction, and one round trip inside it.

Whoever finishes a chunk also counts it on the job's row: the row's lock makes finishers queue
there, so exactly one of them sees the count become whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from common.errors import LeaseLost
from common.lifecycle import CHUNK_STEPS, ChunkStatus, sources_of
from common.models import (
    CachedResult,
    ChunkId,
    ChunkOutcome,
    ChunkWork,
    DocumentId,
    EarlierResult,
    JobId,
    JobOptions,
    ObjectRef,
    Priority,
)
from common.pages import PageRange
from common.results import PageError
from infra.database import chunk_statements as sql
from infra.database.pool import Pool
from infra.database.result_cache import IsBeingRead, evict, find_or_read


class PostgresChunks:
    """The chunks table as a worker sees it."""

    def __init__(
        self, pool: Pool, *, lease: timedelta, keep: timedelta | None = timedelta(days=30)
    ) -> None:
        """`keep` is how long a result may be used again; None to keep none."""
        self._pool = pool
        self._lease = lease
        self._keep = keep

    def claim(self, chunk_id: ChunkId) -> ChunkWork | None:
        """Take the right to read this chunk; None where it is done, taken, held or not due.

        None as well where an equal one is being read: it waits for that one then.
        """
        values = {
            "id": chunk_id,
            "lease": self._lease,
            "from": sources_of(CHUNK_STEPS, ChunkStatus.PROCESSING),
        }
        with self._pool.connection() as connection:
            row = connection.execute(sql.CLAIM, values).fetchone()
            if row is not None and row["claimed_job"] is None:
                connection.rollback()
                row = None
            if row is None:
                connection.execute(sql.DROPPED, values)
                return None
            try:
                cached = _found(connection, row)
            except IsBeingRead:
                connection.rollback()
                connection.execute(sql.WAIT, values)
                return None
        return ChunkWork(
            id=ChunkId(row["id"]),
            job_id=JobId(row["job_id"]),
            document_id=DocumentId(row["document_id"]),
            index=row["index"],
            pages=PageRange(row["page_start"], row["page_end"]),
            source=ObjectRef(row["source_bucket"], row["source_object"], row["source_generation"]),
            run=row["run"],
            attempt=row["attempt"],
            failures=row["failures"],
            lost_leases=row["lost_leases"],
            options=msgspec.convert(row["options"], JobOptions),
            priority=Priority(row["priority"]),
            earlier=_earlier(row),
            waited=row["waited"],
            cache_key=row["cache_key"],
            cached=cached,
        )

    def evict(self, work: ChunkWork) -> ChunkWork | None:
        """Forget the cached result that `work` came with: it is damaged or gone.

        Return what is to be done instead, or None where the chunk waits for another that is
        being read. Raises LeaseLost where the attempt is not ours.
        """
        values = {"id": work.id, "attempt": work.attempt}
        assert work.cached is not None
        with self._pool.connection() as connection:
            row = connection.execute(sql.HOLD, values).fetchone()
            if row is None:
                raise LeaseLost("Another attempt owns the chunk.")
            evict(connection, owner=row["owner"], key=row["cache_key"], path=work.cached.path)
            try:
                return replace(work, cached=_found(connection, row))
            except IsBeingRead:
                connection.execute(sql.STAND_BACK, values)
                return None

    def is_held(self, chunk_id: ChunkId) -> bool:
        """Whether a worker's lease on the chunk is running."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT status = 'processing' AND lease_expires_at >= now() AS held"
                "  FROM chunks WHERE id = %s",
                (chunk_id,),
            ).fetchone()
        return bool(row and row["held"])

    def renew(self, work: ChunkWork) -> bool:
        """Extend the lease; False when the chunk is another's, or the job was cancelled."""
        values = {"id": work.id, "attempt": work.attempt, "lease": self._lease}
        with self._pool.connection() as connection:
            return connection.execute(sql.RENEW, values).rowcount == 1

    def complete(
        self, work: ChunkWork, *, path: str, checksum: str, errors: Sequence[PageError] = ()
    ) -> ChunkOutcome:
        """Record the stored result and count it. LeaseLost where the attempt is not ours.

        A whole result is kept for chunks that are equal to this one.
        """
        return self._finish(
            id=work.id,
            attempt=work.attempt,
            before=[ChunkStatus.PROCESSING.value],
            status=ChunkStatus.COMPLETED.value,
            path=path,
            checksum=checksum,
            completed_pages=len(work.pages) - len(errors),
            failed_pages=len(errors),
            page_errors=Jsonb(msgspec.to_builtins(errors)),
            code=None,
            message=None,
        )

    def complete_cached(self, work: ChunkWork) -> ChunkOutcome:
        """Record that the cached result which `work` came with is sound, and count it as found."""
        assert work.cached is not None
        return self._finish(
            id=work.id,
            attempt=work.attempt,
            before=[ChunkStatus.PROCESSING.value],
            status=ChunkStatus.COMPLETED.value,
            path=work.cached.path,
            checksum=work.cached.checksum,
            completed_pages=len(work.pages),
            failed_pages=0,
            page_errors=Jsonb([]),
            code=None,
            message=None,
            is_cached=True,
        )

    def fail(self, work: ChunkWork, code: str, message: str) -> ChunkOutcome:
        """Record that no page of the chunk could be read, and count it."""
        return self._fail(
            work.id, work.attempt, ChunkStatus.PROCESSING, len(work.pages), code, message
        )

    def fail_uncut(
        self, chunk_id: ChunkId, pages: PageRange, code: str, message: str
    ) -> ChunkOutcome:
        """Record that a chunk could not even be cut, and count it."""
        return self._fail(chunk_id, 0, ChunkStatus.PENDING, len(pages), code, message)

    def _fail(
        self,
        chunk_id: ChunkId,
        attempt: int,
        before: ChunkStatus,
        pages: int,
        code: str,
        message: str,
    ) -> ChunkOutcome:
        return self._finish(
            id=chunk_id,
            attempt=attempt,
            before=[before.value],
            status=ChunkStatus.FAILED.value,
            path=None,
            checksum=None,
            completed_pages=0,
            failed_pages=pages,
            page_errors=Jsonb([]),
            code=code,
            message=message,
        )

    def _finish(self, *, is_cached: bool = False, **values: object) -> ChunkOutcome:
        values |= {"is_cached": is_cached, "keep": self._keep}
        with self._pool.connection() as connection, connection.transaction():
            row = connection.execute(sql.FINISH, values).fetchone()
            if row is None or not row["is_counted"]:
                raise LeaseLost("Another attempt owns the chunk, or its job was cancelled.")
        return ChunkOutcome(
            job_id=JobId(row["job_id"]), was_last=row["was_last"], dispatches=row["dispatches"]
        )

    def put_back(
        self, work: ChunkWork, *, code: str, message: str, delay: timedelta, counted: bool
    ) -> None:
        """Give the chunk back until `delay` has passed; `counted` where it cost a try."""
        values = {
            "id": work.id,
            "attempt": work.attempt,
            "from": [ChunkStatus.PROCESSING.value],
            "delay": delay,
            "counted": counted,
            "code": code,
            "message": message,
        }
        with self._pool.connection() as connection:
            if connection.execute(sql.PUT_BACK, values).rowcount == 0:
                raise LeaseLost("Another attempt owns the chunk.")


def _found(connection: Connection[Any], row: dict[str, Any]) -> CachedResult | None:
    """Return a cached result; None where the chunk is to be read. Raises IsBeingRead."""
    if row["reader"] is None:
        return None
    return find_or_read(
        connection,
        owner=row["owner"],
        key=row["cache_key"],
        chunk_id=row["id"],
        reader=row["reader"],
    )


def _earlier(row: dict[str, Any]) -> EarlierResult | None:
    if row["result_storage_path"] is None:
        return None
    errors = msgspec.convert(row["page_errors"], tuple[PageError, ...])
    return EarlierResult(row["result_storage_path"], row["result_checksum"], errors)
