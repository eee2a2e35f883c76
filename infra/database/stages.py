"""Stages after OCR, from claim to checkpoint to end. The job's attempt is the fencing token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.access import Caller
from common.errors import LeaseLost
from common.lifecycle import AFTER_OCR, JobStatus, Stage, StageStatus
from common.models import DocumentId, JobId, JobOptions, ObjectRef, Priority
from common.stages import (
    Extension,
    Passed,
    PlannedStage,
    StageRef,
    StageView,
    StageWork,
    Step,
)
from infra.database import stage_rows
from infra.database import stage_statements as sql
from infra.database.ownership import OWN_JOBS, whose
from infra.database.pool import Pool

_ALL = [stage.value for stage in AFTER_OCR]


class PostgresStages:
    """The stages of jobs whose pages are read."""

    OF_JOB = sql.OF_JOB.format(owned=OWN_JOBS)

    def __init__(self, pool: Pool, *, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease

    def claim(self, job_id: JobId, stage: Stage, *, interval: int) -> StageWork | None:
        """Take the right to go on; None where it is done, taken, paused or not due."""
        values = {
            "job_id": job_id,
            "stage": stage.value,
            "lease": self._lease,
            "interval": interval,
        }
        with self._pool.connection() as connection:
            row = connection.execute(sql.CLAIM, values).fetchone()
            if row is None:
                return None
            if row["attempts"] == 1:
                connection.execute(sql.STARTED, values)
        return StageWork(
            job_id=job_id,
            document_id=DocumentId(row["document_id"]),
            stage=stage,
            attempt=row["attempt"],
            stalls=row["stalls"],
            failures=row["failures"],
            cursor=row["cursor"],
            options=msgspec.convert(row["options"], JobOptions),
            priority=Priority(row["priority"]),
            source=ObjectRef(row["bucket"], row["object"], row["generation"]),
            filename=row["filename"],
            result_path=row["result_path"],
            result_checksum=row["result_checksum"],
            pages=row["completed_pages"],
        )

    def rows_of(self, work: StageWork) -> stage_rows.PostgresStageRows:
        """Return what earlier stages have made."""
        return stage_rows.PostgresStageRows(self._pool, work.job_id)

    def renew(self, work: StageWork) -> bool:
        """Extend the lease; False when it is lost."""
        with self._pool.connection() as connection:
            return connection.execute(sql.RENEW, self._fence(work)).rowcount == 1

    def record(self, work: StageWork, step: Step, *, seconds: float) -> bool:
        """Write a checkpoint; False where the job is paused, and the lease is given up."""
        with self._pool.connection() as connection:
            is_paused = self._hold(connection, work)["status"] == JobStatus.PAUSED
            stage_rows.write(connection, work.job_id, work.document_id, step.rows)
            checkpoint = {
                "cursor": Jsonb(step.cursor),
                "done": step.done,
                "total": step.total,
                "seconds": seconds,
                "is_paused": is_paused,
            }
            connection.execute(sql.CHECKPOINT, self._fence(work) | checkpoint)
        return not is_paused

    def leave(self, work: StageWork, *, counted: bool = False) -> StageRef | None:
        """Give up the lease; return the message for who goes on, None where nobody is to."""
        values = self._fence(work) | {"counted": counted, "is_clean": not counted}
        with self._pool.connection() as connection:
            row = connection.execute(sql.LEAVE, values).fetchone()
        if row is None or row["status"] != JobStatus.PROCESSING:
            return None
        return StageRef(work.job_id, work.stage, Priority(row["priority"]))

    def put_back(self, work: StageWork, delay: timedelta, *, counted: bool, most: int) -> bool:
        """Have it tried later; False where that was the last try. Raises LeaseLost."""
        values = self._fence(work) | {"delay": delay, "counted": counted}
        with self._pool.connection() as connection:
            self._hold(connection, work)
            row = connection.execute(sql.FAILURES, values).fetchone()
            assert row is not None
            if counted and row["failures"] + 1 >= most:
                return False
            connection.execute(sql.PUT_BACK, values)
        return True

    def finish(self, work: StageWork, *, seconds: float) -> Passed:
        """End the stage, and the job where it was the last. Raises LeaseLost."""
        return self._end(work, StageStatus.COMPLETED, seconds=seconds)

    def fail(self, work: StageWork, dependents: Sequence[Stage], code: str, message: str) -> Passed:
        """End the stage and what builds on it without their rows. Raises LeaseLost."""
        return self._end(work, StageStatus.FAILED, dependents=dependents, trouble=(code, message))

    def _end(
        self,
        work: StageWork,
        status: StageStatus,
        *,
        seconds: float = 0.0,
        dependents: Sequence[Stage] = (),
        trouble: tuple[str | None, str | None] = (None, None),
    ) -> Passed:
        code, message = trouble
        values = self._fence(work) | {
            "status": status.value,
            "seconds": seconds,
            "code": code,
            "message": message,
            "dependents": [stage.value for stage in dependents],
            "kind": f"stage_{status.value}",
            "all": _ALL,
        }
        with self._pool.connection() as connection:
            job = self._hold(connection, work)
            if job["status"] == JobStatus.PAUSED:
                # It ends when it is resumed: a paused job does not go on, and does not end.
                return Passed(None)
            ended = connection.execute(sql.END_STAGE, values).fetchone()
            assert ended is not None
            if status is StageStatus.FAILED:
                connection.execute(sql.SKIP, values)
                stages = [work.stage.value, *values["dependents"]]
                connection.execute(sql.REMOVE_ROWS, values | {"stages": stages})
            details = {"stage": work.stage.value, "seconds": round(ended["seconds"], 3)}
            if code is not None:
                details |= {"code": code, "message": message}
            else:
                details["done"] = ended["done"]
            values["details"] = Jsonb(details)
            following = connection.execute(sql.NEXT, values).fetchone()
            if following is None:
                connection.execute(sql.END_JOB, values)
                self._remove_outdated(connection, values)
                return Passed(None, has_ended=True)
            connection.execute(sql.HAND_ON, values | {"next": following["stage"]})
        stage = Stage(following["stage"])
        return Passed(StageRef(work.job_id, stage, Priority(job["priority"])))

    def _remove_outdated(self, connection: Connection[DictRow], values: Mapping[str, Any]) -> None:
        for row in connection.execute(sql.OUTDATED, values).fetchall():
            of_other = {"job_id": row["id"], "stages": _ALL}
            connection.execute(sql.REMOVE_ROWS, of_other)
            connection.execute(sql.FORGET, of_other)

    def _hold(self, connection: Connection[DictRow], work: StageWork) -> DictRow:
        row = connection.execute(sql.HOLD, self._fence(work)).fetchone()
        if row is None:
            raise LeaseLost("Another attempt is at this stage, or the job has ended.")
        return row

    def _fence(self, work: StageWork) -> dict[str, Any]:
        return {
            "job_id": work.job_id,
            "attempt": work.attempt,
            "stage": work.stage.value,
            "lease": self._lease,
        }

    def extend(
        self,
        job_id: JobId,
        caller: Caller,
        wanted: Sequence[PlannedStage],
        dependents: Callable[[Stage], Sequence[Stage]],
    ) -> Extension | None:
        """Have those made that are not there, or by another version; None where it can't be."""
        with self._pool.connection() as connection:
            named = {"job_id": job_id, **whose(caller)}
            job = connection.execute(self.OF_JOB, named).fetchone()
            if job is None or job["result_path"] is None or not _is_extensible(job):
                return None
            made = {
                Stage(row["stage"]): row["version"]
                for row in connection.execute(sql.MADE, named)
                if row["status"] == StageStatus.COMPLETED
            }
            planned = _to_make(wanted, made, dependents)
            if not planned:
                return Extension((), None)
            stages = [each.stage.value for each in planned]
            connection.execute(sql.REMOVE_ROWS, named | {"stages": stages})
            connection.execute(sql.FORGET, named | {"stages": stages})
            plan(connection, job_id, planned)
            options = Jsonb({"stages": sorted({*stages, *(stage.value for stage in made)})})
            values = {
                "first": stages[0],
                "options": options,
                "details": Jsonb({"stages": stages}),
            }
            connection.execute(sql.EXTEND, named | values)
        first = StageRef(job_id, planned[0].stage, Priority(job["priority"]))
        return Extension(tuple(each.stage for each in planned), first)


def _is_extensible(job: DictRow) -> bool:
    if job["status"] == JobStatus.CANCELLED:
        # What was read before is there: only what was made of it went.
        return job["outcome"] is not None
    return job["status"] in {JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS}


def _to_make(
    wanted: Sequence[PlannedStage],
    made: Mapping[Stage, str],
    dependents: Callable[[Stage], Sequence[Stage]],
) -> list[PlannedStage]:
    """Return what is to be made: what is not there or outdated, and what builds on that."""
    versions = {each.stage: each.version for each in wanted}
    again = {stage for stage, version in versions.items() if made.get(stage) != version}
    for stage in tuple(again):
        again.update(each for each in dependents(stage) if each in versions or each in made)
    return [
        PlannedStage(stage, versions.get(stage) or made[stage])
        for stage in AFTER_OCR
        if stage in again
    ]


def plan(connection: Connection[DictRow], job_id: JobId, planned: Sequence[PlannedStage]) -> None:
    """Write down what a job is to go through, within the caller's transaction."""
    values = {
        "job_id": job_id,
        "all": _ALL,
        "stages": [each.stage.value for each in planned],
        "versions": [each.version for each in planned],
    }
    connection.execute(sql.PLAN, values)


def plan_anew(
    connection: Connection[DictRow], job_id: JobId, planned: Sequence[PlannedStage]
) -> None:
    """The same, in place of what it went through before: what it builds on is another."""
    values = {"job_id": job_id, "stages": _ALL}
    connection.execute(sql.REMOVE_ROWS, values)
    connection.execute(sql.FORGET, values)
    plan(connection, job_id, planned)


def views_of(
    connection: Connection[DictRow], job_ids: Iterable[UUID]
) -> dict[UUID, list[StageView]]:
    """Return these jobs' stages in order."""
    found: dict[UUID, list[StageView]] = {}
    for row in connection.execute(sql.VIEWS, {"job_ids": list(job_ids)}):
        stage = Stage(row["stage"])
        found.setdefault(row["job_id"], []).append(
            StageView(
                stage=stage,
                status=StageStatus(row["status"]),
                version=row["version"],
                done=row["done"],
                total=row["total"],
                checkpoints=row["checkpoints"],
                attempts=row["attempts"],
                repeated=row["repeated"],
                seconds=row["seconds"],
                started_at=row["started_at"],
                finished_at=row["finished_at"],
                error_code=row["error_code"],
                error_message=row["error_message"],
            )
        )
    return found
