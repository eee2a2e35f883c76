"""Ask for as many worker instances as the backlog needs."""

from __future__ import annotations

import logging

from common.ports import Backlog, WorkerPool
from common.scaling import ScalingLimits, decide

log = logging.getLogger(__name__)


def scale_workers(*, backlog: Backlog, workers: WorkerPool, limits: ScalingLimits) -> int:
    """Look at the backlog, record what is wanted, ask for it, and return it.

    Safe to run at any time, also twice: the number is asked of the pool anew, so what was
    recorded and never reached it is asked for by the next run.
    """
    current = workers.instances()
    load = backlog.load()
    decision = decide(load, current, backlog.looks(), limits)
    backlog.record(load, current, decision)
    # Every minute, also where nothing changes: the backlog's age is charted and watched by it.
    log.info(
        "the backlog was looked at",
        extra={
            "workers_before": current,
            "workers_wanted": decision.wanted,
            "workers_enough": decision.enough,
            "waiting_pages": load.waiting_pages,
            "processing_chunks": load.processing,
            "oldest_seconds": round(load.oldest_seconds, 1),
            "seconds_per_page": round(load.seconds_per_page, 3),
        },
    )
    if decision.wanted != current:
        workers.ask_for(decision.wanted)
        log.info(
            "the number of workers was changed",
            extra={"workers_before": current, "workers_wanted": decision.wanted},
        )
    return decision.wanted
