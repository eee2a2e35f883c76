"""Read small documents whole, several in one message: claim, download, look, read, store, record.

A document that is one sound chunk needs no split, no chunk PDF and no merge of its own: who reads
it writes its result, and ends its job, with those of others in one transaction. Whatever is not
that simple goes the ordinary way, from where it stands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from common.models import JobId
from common.ports import Chunks, Dispatch, OcrEngine, Tasks, Uploads
from common.small_documents import (
    LiveUpdatesAtOnce,
    SmallDocuments,
    WholeDocuments,
    WholeResults,
)
from functions.pipeline.heartbeat import Heartbeat
from functions.pipeline.process_chunk import RetryPolicy
from functions.pipeline.small_message import Message
from functions.pipeline.whole_documents import Pace, WholeLimits

log = logging.getLogger(__name__)

#: Downloads and uploads at once; each waits on the network, not on the CPU. A document is stored by
#: three, and eight that are read at once are stored in two rounds.
_TRANSFERS_AT_ONCE: Final = 16


def read_documents(
    job_ids: Sequence[JobId],
    *,
    small: SmallDocuments,
    uploads: Uploads,
    pdfs: Callable[[], WholeDocuments],
    engine: Callable[[], OcrEngine],
    results: WholeResults,
    chunks: Chunks,
    dispatch: Dispatch,
    tasks: Callable[[], Tasks],
    live: LiveUpdatesAtOnce,
    announce: Callable[[JobId], None],
    give_turns: Callable[[], None],
    retries: RetryPolicy,
    limits: WholeLimits,
    lease: timedelta,
    pace: Pace,
) -> None:
    """Claim these documents, read each, and end their jobs.

    Safe to run twice at once: a job is claimed by one, and what counts is decided by the chunk's
    attempt. A document at which something fails costs itself alone.
    """
    documents = small.claim(job_ids)
    if not documents:
        give_turns()
        log.info("documents are read, taken or not due", extra={"documents": len(job_ids)})
        return
    with ThreadPoolExecutor(_TRANSFERS_AT_ONCE, "transfer") as pool:
        message = Message(
            small,
            uploads,
            pdfs,
            engine,
            results,
            chunks,
            dispatch,
            tasks,
            live,
            announce,
            retries,
            limits,
            pace,
            held={each.job_id: each for each in documents},
            pool=pool,
        )
        with Heartbeat(message.renew, every_seconds=lease.total_seconds() / 3):
            message.fetch()
            # The message is out of the broker, so there is room for another.
            give_turns()
            message.run()
    give_turns()
