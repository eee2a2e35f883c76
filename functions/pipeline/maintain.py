"""The one cure: find whatever stopped, for whatever reason, and send it again."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from common.ports import Dispatch, Tasks, Upkeep, Uploads

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MaintainReport:
    """What one run found."""

    chunks_resent: int
    splits_resent: int
    merges_resent: int
    uploads_expired: int


def maintain(
    *, upkeep: Upkeep, uploads: Uploads, dispatch: Dispatch, tasks: Tasks
) -> MaintainReport:
    """Send again what lost its message or its holder. Safe to run at any time, also twice."""
    merges = splits = 0
    for stranded in upkeep.stopped_jobs():
        if stranded.is_merge:
            tasks.send_merge(stranded.job_id, stranded.dispatch)
            merges += 1
        else:
            tasks.send_ingest(stranded.source, stranded.dispatch)
            splits += 1
    for stranded in upkeep.awaited_uploads():
        landed = uploads.find(stranded.source)
        if landed is not None:
            tasks.send_ingest(landed, stranded.dispatch)
            splits += 1
    chunks = upkeep.stopped_chunks(broker_is_empty=dispatch.waiting() == 0)
    if chunks:
        dispatch.send_chunks(chunks)
    report = MaintainReport(len(chunks), splits, merges, upkeep.expire_uploads())
    if any((report.chunks_resent, splits, merges, report.uploads_expired)):
        log.warning("stopped work was sent again", extra={"report": str(report)})
    return report
