"""Waits for a job's end without holding a thread: woken by the live feed, told by the table."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from common.access import Caller
from common.lifecycle import FINAL_JOB_STATUSES
from common.models import JobView
from functions.api.jobs import found
from functions.bootstrap import Application

#: Seconds between looks at the table when nobody says that something changed.
_LOOK_SECONDS: Final = 2.0


async def ended_within(
    app: Application, caller: Caller, job_id: UUID, seconds: float
) -> JobView | None:
    """Return the job once it has ended; None where it has not after so many seconds.

    None as well when the process is to stop: its server waits for answers under way. NotFound
    where the job is deleted meanwhile.
    """
    deadline = monotonic() + seconds
    streams = app.streams
    async with app.feed.watch(job_id) as changed:
        while True:
            changed.clear()
            job = await run_in_threadpool(found, app, caller, job_id)
            if job.status in FINAL_JOB_STATUSES:
                return job
            left = deadline - monotonic()
            if left <= 0 or streams.is_ending:
                return None
            try:
                await asyncio.wait_for(changed.wait(), min(_LOOK_SECONDS, left))
            except TimeoutError:
                continue
