"""Have a finished job go through further stages, without reading its pages again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from common.access import Caller
from common.errors import Conflict, NotFound
from common.lifecycle import FINAL_JOB_STATUSES, JobStatus, Stage
from common.models import JobId, JobView
from common.ports import Dispatch, Jobs, LiveUpdates
from common.stages import PlannedStage, StagePlans
from functions.pipeline.hand_on import or_maintain_sends

log = logging.getLogger(__name__)


def extend_job(
    job_id: JobId,
    caller: Caller,
    planned: Sequence[PlannedStage],
    *,
    plans: StagePlans,
    jobs: Jobs,
    dependents: Callable[[Stage], Sequence[Stage]],
    dispatch: Callable[[], Dispatch],
    live: LiveUpdates,
) -> tuple[JobView, bool]:
    """Do so, and return the job as it is then, with whether there was anything to do.

    What is there by the same version stays. Raises NotFound for a job that isn't the caller's, and
    Conflict with the reason where it has no result to go on with, or is under way.
    """
    extension = plans.extend(job_id, caller, planned, dependents)
    if extension is not None and extension.first is not None:
        with or_maintain_sends():
            dispatch().send_stage(extension.first)
        log.info(
            "a job is extended",
            extra={
                "job_id": str(job_id),
                "stages": [stage.value for stage in extension.stages],
            },
        )
        live.publish(job_id)
    job = jobs.find(job_id, caller)
    if job is None:
        raise NotFound("There is no job with this id.", code="JOB_NOT_FOUND")
    if extension is None:
        raise _refusal(job)
    return job, bool(extension.stages)


def _refusal(job: JobView) -> Conflict:
    if job.status not in FINAL_JOB_STATUSES:
        return Conflict(
            "The job is under way. Ask for further stages once it has ended.", code="JOB_NOT_ENDED"
        )
    if job.status is JobStatus.CANCELLED:
        return Conflict("A cancelled job does not go on.", code="JOB_CANCELLED")
    if job.status is JobStatus.FAILED and job.result_path is not None:
        return Conflict(
            "Its last retry failed. Retry the job, and its stages are made anew.", code="JOB_FAILED"
        )
    return Conflict("The job has no result that could be gone on with.", code="NO_RESULT")
