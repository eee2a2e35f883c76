"""Ends the jobs of a message's documents that have been read, beside the reading of the next."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from contextvars import copy_context
from dataclasses import dataclass, field

from common import telemetry
from common.errors import LeaseLost, NotFound, PermanentError, QuireError, TransientError
from common.log_context import logging_for
from common.models import JobId
from common.ports import Chunks, Tasks
from common.small_documents import Begun, LiveUpdatesAtOnce, SmallDocument, SmallDocuments
from common.telemetry import Hop, Laps
from functions.pipeline.first_error import in_any_case
from functions.pipeline.hand_on import hand_on
from functions.pipeline.whole_result import Storing

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recording:
    """What has been read and is not recorded yet.

    Never more than one recording is under way. Whoever adds to it also finishes it, whatever went
    wrong meanwhile: what has been read was paid for.
    """

    small: SmallDocuments
    chunks: Chunks
    tasks: Callable[[], Tasks]
    live: LiveUpdatesAtOnce
    announce: Callable[[JobId], None]
    #: Has a document read again whose results can't be stored.
    put_back: Callable[[Begun, QuireError], None]
    #: Whose leases are kept: until their ends are recorded.
    held: dict[JobId, SmallDocument]
    pool: Executor
    #: Seconds.
    every: float
    _storing: list[Storing] = field(default_factory=list)
    _under_way: Future[None] | None = None
    _since: float = field(default_factory=time.monotonic)

    def add(self, storing: Storing) -> None:
        """Have what was read, and is on its way into the store, recorded with the next."""
        self._storing.append(storing)

    def go_on(self) -> None:
        """Begin to record where it is time. Raises what went wrong with the recording before."""
        if time.monotonic() - self._since > self.every:
            self._wait()
            self._under_way = self.pool.submit(copy_context().run, self._record, self._taken())

    def finish(self) -> None:
        """Return once all is recorded, whatever went wrong with the recording before.

        Raises the first error.
        """
        with in_any_case(lambda: self._record(self._taken())), in_any_case(self._wait):
            # Where this is broken off it is waited for again: never two at once.
            self._wait()

    def _wait(self) -> None:
        if self._under_way is None:
            return
        # Who is told to end meanwhile has a recording under way still.
        wait([self._under_way])
        under_way, self._under_way = self._under_way, None
        under_way.result()

    def _taken(self) -> list[Storing]:
        storing, self._storing = self._storing, []
        self._since = time.monotonic()
        return storing

    def _record(self, storing: Sequence[Storing]) -> None:
        stored: list[Storing] = []
        unknown: list[Exception] = []
        for each in storing:
            try:
                with logging_for(each.work.job_id, chunk_index=0, attempt=each.work.attempt):
                    if self._is_stored(each):
                        stored.append(each)
            except Exception as error:  # noqa: BLE001  # raised below, once the others are recorded
                unknown.append(error)
        if stored:
            self._record_stored(stored)
        if unknown:
            raise unknown[0]

    def _is_stored(self, each: Storing) -> bool:
        try:
            each.wait()
        except (TransientError, PermanentError, NotFound) as error:
            self.put_back(each.begun, error)
            return False
        return True

    def _record_stored(self, stored: Sequence[Storing]) -> None:
        laps = Laps()
        recorded = self.small.record([each.as_read() for each in stored])
        for each in stored:
            self.held.pop(each.work.job_id)
            with logging_for(each.work.job_id, chunk_index=0, attempt=each.work.attempt):
                telemetry.done(Hop.CHUNK_RECORD, each.work.job_id, laps)
                if each.work.job_id in recorded.job_ids:
                    telemetry.job_ended(each.work.job_id)
                    log.info("document is read", extra=each.log_fields)
                else:
                    self._complete(each)
        self.live.publish_all(each.work.job_id for each in stored)
        for job_id in recorded.to_announce:
            self.announce(job_id)

    def _complete(self, each: Storing) -> None:
        """Keep what was read for a job that was paused meanwhile; its merge comes later."""
        try:
            outcome = self.chunks.complete(
                each.work, path=each.chunk_path, checksum=each.chunk_checksum, errors=()
            )
        except LeaseLost:
            log.warning("lease lost", extra=each.work.log_fields)
            return
        if outcome.was_last:
            hand_on(outcome, self.tasks())
