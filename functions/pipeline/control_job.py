"""What an owner does to a job: pause, resume, cancel, retry. Answers at once, with the job.

The database's statement decides; only where it finds nothing to do is the job looked at for the
reason. Work that runs is not called back: it finds out by its next look at its row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from common import telemetry
from common.access import Caller
from common.controls import Action, is_done, refusal
from common.errors import Conflict, NotFound
from common.lifecycle import FINAL_JOB_STATUSES
from common.models import JobId, JobView, Priority, ToSend
from common.ports import Controls, Dispatch, Jobs, LiveUpdates, Tasks
from common.stages import StageRef
from functions.pipeline.give_turns import GiveTurns
from functions.pipeline.hand_on import or_maintain_sends

log = logging.getLogger(__name__)


def control_job(
    action: Action,
    job_id: JobId,
    caller: Caller,
    *,
    password: str | None = None,
    jobs: Jobs,
    controls: Controls,
    dispatch: Callable[[], Dispatch],
    tasks: Callable[[], Tasks],
    give_turns: GiveTurns,
    live: LiveUpdates,
) -> JobView:
    """Do it, and return the job as it is then. Doing it again changes nothing.

    `password` opens a document whose split failed for want of it; it goes with a retry alone.
    Raises NotFound for a job that isn't the caller's, Conflict with the reason where the job is
    in no state for it, and InsufficientCredits where a retry can't be paid for.
    """
    to_send: ToSend | None = None
    match action:
        case Action.PAUSE:
            is_changed = controls.pause(job_id, caller)
        case Action.CANCEL:
            is_changed = controls.cancel(job_id, caller)
        case Action.RESUME:
            to_send = controls.resume(job_id, caller)
            is_changed = to_send is not None
        case Action.RETRY:
            to_send = controls.retry(job_id, caller, password=password)
            is_changed = to_send is not None
    if to_send is not None:
        _send(job_id, to_send, dispatch, tasks)
        give_turns(something_new=True)
    if is_changed:
        if action is Action.CANCEL:
            telemetry.job_ended(job_id)
        log.info("an owner changed a job", extra={"job_id": str(job_id), "action": action.value})
        live.publish(job_id)
    job = jobs.find(job_id, caller)
    if job is None:
        raise NotFound("There is no job with this id.", code="JOB_NOT_FOUND")
    if not is_changed and not is_done(action, job):
        refused = refusal(action, job)
        if refused is not None:
            raise Conflict(refused.message, code=refused.code)
        # Between the statement and this look it became possible.
        raise Conflict("The job was changing just then. Try again.", code="JOB_CHANGED")
    return job


def prioritize_job(
    job_id: JobId,
    caller: Caller,
    priority: Priority,
    *,
    jobs: Jobs,
    controls: Controls,
    give_turns: GiveTurns,
    live: LiveUpdates,
) -> JobView:
    """Give the job another priority, and return it as it is then. Doing it again changes nothing.

    Raises NotFound for a job that isn't the caller's, and Conflict where it has ended.
    """
    is_changed = controls.prioritize(job_id, caller, priority)
    if is_changed:
        log.info(
            "an owner changed a job's priority",
            extra={"job_id": str(job_id), "priority": priority.value},
        )
        live.publish(job_id)
        give_turns(something_new=True)
    job = jobs.find(job_id, caller)
    if job is None:
        raise NotFound("There is no job with this id.", code="JOB_NOT_FOUND")
    if not is_changed and job.priority is not priority:
        if job.status in FINAL_JOB_STATUSES:
            raise Conflict(f"The job has ended ({job.status.value}).", code="JOB_ENDED")
        raise Conflict("The job was changing just then. Try again.", code="JOB_CHANGED")
    return job


def _send(
    job_id: JobId, to_send: ToSend, dispatch: Callable[[], Dispatch], tasks: Callable[[], Tasks]
) -> None:
    """Send what was recorded; what does not go out now, maintain sends."""
    with or_maintain_sends():
        at_once = [chunk for chunk, wait in to_send.chunks if not wait]
        if at_once:
            dispatch().send_chunks(at_once)
        for chunk, wait in to_send.chunks:
            if wait:
                dispatch().send_chunk_later(chunk, timedelta(seconds=wait))
    if to_send.dispatch is None:
        return
    with or_maintain_sends():
        if to_send.stage is not None:
            dispatch().send_stage(StageRef(job_id, to_send.stage, to_send.priority))
        elif to_send.source is None:
            tasks().send_merge(job_id, to_send.dispatch)
        else:
            tasks().send_ingest(to_send.source, to_send.dispatch, job_id)
