"""What an owner does to a batch: pause, resume, cancel, another priority. Answers with the batch.

The database's transaction decides; only where it finds nothing to do is the batch looked at for
the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from common import telemetry
from common.access import Caller
from common.batches import (
    BatchAction,
    BatchControls,
    Batches,
    BatchView,
    is_done,
    refusal,
)
from common.errors import Conflict, NotFound
from common.lifecycle import FINAL_BATCH_STATUSES
from common.models import LargeDocument, Priority
from common.ports import Dispatch, Tasks
from functions.pipeline.hand_on import or_maintain_sends, send_some

log = logging.getLogger(__name__)


def control_batch(
    action: BatchAction,
    batch_id: UUID,
    caller: Caller,
    *,
    batches: Batches,
    controls: BatchControls,
    dispatch: Callable[[], Dispatch],
    tasks: Callable[[], Tasks],
    give_turns: Callable[[], None],
    announce: Callable[[], None],
    tell: Callable[[], None],
) -> BatchView:
    """Do it, and return the batch as it is then. Doing it again changes nothing.

    Raises NotFound for a batch that isn't the caller's, and Conflict with the reason where it is
    in no state for it.
    """
    match action:
        case BatchAction.PAUSE:
            is_changed = controls.pause(batch_id, caller)
        case BatchAction.CANCEL:
            cancelled = controls.cancel(batch_id, caller)
            is_changed = cancelled is not None
            for job_id in cancelled or ():
                telemetry.job_ended(job_id)
        case BatchAction.RESUME:
            resumed = controls.resume(batch_id, caller)
            is_changed = resumed is not None
            if resumed is not None:
                splits = [
                    LargeDocument(source, job_id, dispatch)
                    for job_id, source, dispatch in resumed.splits
                ]
                send_some(splits, resumed.merges, tasks)
                with or_maintain_sends():
                    for stage in resumed.stages:
                        dispatch().send_stage(stage)
    if is_changed:
        log.info(
            "an owner changed a batch", extra={"batch_id": str(batch_id), "action": action.value}
        )
        tell()
        # What another's work had to wait for may be free now, and this batch's turn has come.
        give_turns()
        announce()
    batch = _found(batches, batch_id, caller)
    if not is_changed and not is_done(action, batch):
        refused = refusal(action, batch)
        if refused is not None:
            raise Conflict(refused.message, code=refused.code)
        # Between the transaction and this look it became possible.
        raise Conflict("The batch was changing just then. Try again.", code="BATCH_CHANGED")
    return batch


def prioritize_batch(
    batch_id: UUID,
    caller: Caller,
    priority: Priority,
    *,
    batches: Batches,
    controls: BatchControls,
    give_turns: Callable[[], None],
    tell: Callable[[], None],
) -> BatchView:
    """Give what the batch has not ended another priority, and return it as it is then.

    Raises NotFound for a batch that isn't the caller's, and Conflict where it has ended.
    """
    is_changed = controls.prioritize(batch_id, caller, priority)
    if is_changed:
        log.info(
            "an owner changed a batch's priority",
            extra={"batch_id": str(batch_id), "priority": priority.value},
        )
        tell()
        give_turns()
    batch = _found(batches, batch_id, caller)
    if not is_changed and batch.priority is not priority:
        if batch.status in FINAL_BATCH_STATUSES:
            raise Conflict(f"The batch has ended ({batch.status.value}).", code="BATCH_ENDED")
        raise Conflict("The batch was changing just then. Try again.", code="BATCH_CHANGED")
    return batch


def _found(batches: Batches, batch_id: UUID, caller: Caller) -> BatchView:
    batch = batches.find(batch_id, caller)
    if batch is None:
        raise NotFound("There is no batch with this id.", code="BATCH_NOT_FOUND")
    return batch
