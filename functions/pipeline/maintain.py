"""The one cure: find whatever stopped, for whatever reason, and send it again.

And what else is to be done every minute: scale the workers, and clean up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from common import telemetry
from common.lifecycle import AFTER_OCR
from common.models import Stranded
from common.ports import Dispatch, Tasks, Upkeep, Uploads
from common.stages import StageRef
from common.telemetry import Measure
from functions.pipeline.clean_up import CleanUpReport
from functions.pipeline.give_turns import GiveTurns

log = logging.getLogger(__name__)

#: What may be found stopped.
_KINDS: Final = ("chunks", "documents", "splits", "merges", "stages", "expired", "webhooks")


@dataclass(frozen=True, slots=True)
class MaintainReport:
    """What one run found."""

    chunks_resent: int
    #: Small documents whose message was lost; they wait for their turn again.
    documents_resent: int
    splits_resent: int
    merges_resent: int
    stages_resent: int
    uploads_expired: int
    webhooks_resent: int
    jobs_cleaned: int
    objects_removed: int
    rows_removed: int
    #: Worker instances; None where nothing scales them.
    workers_wanted: int | None


def maintain(
    *,
    upkeep: Upkeep,
    uploads: Uploads,
    dispatch: Dispatch,
    tasks: Tasks,
    give_turns: GiveTurns,
    scale_workers: Callable[[], int | None],
    resend_webhooks: Callable[[], int],
    clean_up: Callable[[], CleanUpReport],
    observe: Callable[[], None] = lambda: None,
) -> MaintainReport:
    """Send again what lost its message or its holder, scale the workers, and then clean up.

    Safe to run twice. One service that is away does not keep the others' work from being sent:
    every cure is tried, and then all that went wrong is raised together.
    """
    found = dict.fromkeys(_KINDS, 0)
    cleaned = CleanUpReport()
    workers_wanted: int | None = None
    wrong: list[Exception] = []

    def resend_chunks() -> None:
        is_empty = dispatch.waiting() == 0
        chunks = upkeep.stopped_chunks(broker_is_empty=is_empty)
        if chunks:
            dispatch.send_chunks(chunks)
        found["chunks"] = len(chunks)
        found["documents"] = upkeep.stopped_documents(broker_is_empty=is_empty)
        # Nobody else may be left to do so.
        give_turns(something_new=True)

    def resend(stranded: Stranded) -> None:
        found[_resend(stranded, dispatch, tasks)] += 1

    def look_for(stranded: Stranded) -> None:
        landed = uploads.find(stranded.source)
        if landed is not None:
            tasks.send_ingest(landed, stranded.dispatch, stranded.job_id)
            found["splits"] += 1
        else:
            found["expired"] += upkeep.expire_form(stranded.job_id)

    def scale() -> None:
        nonlocal workers_wanted
        workers_wanted = scale_workers()

    def clean() -> None:
        nonlocal cleaned
        cleaned = clean_up()

    def attempt(cure: Callable[[], None]) -> None:
        try:
            cure()
        except Exception as error:  # noqa: BLE001 - raised below, after the others had their turn
            wrong.append(error)

    attempt(resend_chunks)
    attempt(scale)
    for stranded in upkeep.stopped_jobs():
        attempt(partial(resend, stranded))
    attempt(lambda: found.update(expired=upkeep.expire_uploads()))
    for stranded in upkeep.awaited_uploads():
        attempt(partial(look_for, stranded))
    # After what may just have ended jobs.
    attempt(lambda: found.update(webhooks=resend_webhooks()))
    attempt(clean)
    attempt(observe)

    report = MaintainReport(
        chunks_resent=found["chunks"],
        documents_resent=found["documents"],
        splits_resent=found["splits"],
        merges_resent=found["merges"],
        stages_resent=found["stages"],
        uploads_expired=found["expired"],
        webhooks_resent=found["webhooks"],
        workers_wanted=workers_wanted,
        **asdict(cleaned),
    )
    _tell(found)
    if wrong:
        raise ExceptionGroup("Not everything could be sent again, scaled or cleaned up.", wrong)
    return report


def _resend(stranded: Stranded, dispatch: Dispatch, tasks: Tasks) -> str:
    """Send a job's own message again; return what kind of work had stopped."""
    if stranded.stage in AFTER_OCR:
        dispatch.send_stage(StageRef(stranded.job_id, stranded.stage, stranded.priority))
        return "stages"
    if stranded.is_merge:
        tasks.send_merge(stranded.job_id, stranded.dispatch)
        return "merges"
    tasks.send_ingest(stranded.source, stranded.dispatch, stranded.job_id)
    return "splits"


def _tell(found: Mapping[str, int]) -> None:
    for kind, count in found.items():
        telemetry.add(Measure.RESENT, count, kind=kind)
    if any(found.values()):
        log.warning("stopped work was sent again", extra=dict(found))
