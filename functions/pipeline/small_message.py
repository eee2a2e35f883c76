"""One message's small documents, from their claims to their ends."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import timedelta

from common import telemetry
from common.errors import (
    InsufficientCredits,
    LeaseLost,
    NotFound,
    PermanentError,
    QuireError,
    QuotaError,
    TransientError,
)
from common.log_context import logging_for
from common.models import JobId
from common.ports import Chunks, Dispatch, OcrEngine, Tasks, Uploads
from common.results import ChunkResult
from common.small_documents import (
    Beginning,
    Begun,
    LiveUpdatesAtOnce,
    SmallDocument,
    SmallDocuments,
    WholeDocuments,
    WholeResults,
)
from common.telemetry import Hop, Laps
from functions.pipeline.chunk_telemetry import count_ended, count_looked_up, traced
from functions.pipeline.first_error import in_any_case
from functions.pipeline.hand_on import or_maintain_sends
from functions.pipeline.process_chunk import RetryPolicy
from functions.pipeline.put_back import put_back, quota_delay
from functions.pipeline.recording import Recording
from functions.pipeline.use_cache import sound_result
from functions.pipeline.whole_documents import (
    Pace,
    Waiting,
    WholeLimits,
    beginning_of,
    next_group,
)
from functions.pipeline.whole_result import bind, chunk_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Message:
    """The documents that were claimed together, and what is done with each."""

    small: SmallDocuments
    uploads: Uploads
    pdfs: Callable[[], WholeDocuments]
    engine: Callable[[], OcrEngine]
    results: WholeResults
    chunks: Chunks
    dispatch: Dispatch
    tasks: Callable[[], Tasks]
    live: LiveUpdatesAtOnce
    announce: Callable[[JobId], None]
    retries: RetryPolicy
    limits: WholeLimits
    pace: Pace
    #: Whose leases are kept: claimed, and not yet ended or given up.
    held: dict[JobId, SmallDocument]
    #: Downloads, uploads, and what is recorded beside the reading.
    pool: Executor
    #: Documents with their contents, which are on their way. Each is let go once it is looked at.
    downloads: deque[tuple[SmallDocument, Future[bytes]]] = field(default_factory=deque)
    lost: set[JobId] = field(default_factory=set)
    #: What equal documents are known by of which one has been read, and may not be recorded yet.
    unrecorded: set[str] = field(default_factory=set)
    recording: Recording = field(init=False)

    def __post_init__(self) -> None:
        self.recording = Recording(
            small=self.small,
            chunks=self.chunks,
            tasks=self.tasks,
            live=self.live,
            announce=self.announce,
            put_back=self._put_back,
            held=self.held,
            pool=self.pool,
            every=self.limits.record_seconds,
        )

    def renew(self) -> bool:
        """Keep all leases, and note whose were lost: the others go on."""
        held = list(self.held.values())
        ours = self.small.renew(held)
        self.lost.update(each.job_id for each in held if each.job_id not in ours)
        return True

    def fetch(self) -> None:
        """Have all documents come from the bucket, several at once."""
        self.downloads.extend(
            (each, self.pool.submit(copy_context().run, self.uploads.read_chunk, each.source))
            for each in self.held.values()
        )

    def run(self) -> None:
        """Read them all, or hand on what can't be read here."""
        # Whatever goes wrong, what has been read until then was paid for.
        with in_any_case(self.recording.finish):
            self._read_all(list(self._sound()))

    def _read_all(self, waiting: list[Waiting]) -> None:
        until = time.monotonic() + self.limits.seconds
        while waiting:
            if time.monotonic() > until:
                self._leave(waiting)
                break
            group, waiting = next_group(waiting, self.pace.at_once)
            # What is equal to one that was read is found once that is recorded.
            if any(each.cache_key in self.unrecorded for each, _ in group):
                self.recording.finish()
                self.unrecorded.clear()
            contents = {each.document.job_id: content for each, content in group}
            for begun in self._begin([each for each, _ in group]):
                self._read(begun, contents[begun.document.job_id])
                self.recording.go_on()

    def _sound(self) -> Iterator[Waiting]:
        """Yield what can be read as it is, and hand on the rest."""
        while self.downloads:
            document, download = self.downloads.popleft()
            with logging_for(document.job_id, attempt=document.attempt):
                beginning = self._look(document, download)
                if beginning is None:
                    self._hand_on(document)
                else:
                    yield beginning, download.result()

    def _look(self, document: SmallDocument, download: Future[bytes]) -> Beginning | None:
        try:
            content = download.result()
        except (TransientError, PermanentError, NotFound) as error:
            log.warning("document can't be fetched", extra={"code": error.code})
            return None
        return beginning_of(document, content, pdfs=self.pdfs, limits=self.limits)

    def _hand_on(self, document: SmallDocument) -> None:
        """Have it split, or refused, as any other document."""
        self.held.pop(document.job_id)
        number = self.small.hand_on(document)
        if number is None:
            log.warning("lease lost", extra=document.log_fields)
            return
        log.info("document goes the ordinary way", extra=document.log_fields)
        with or_maintain_sends():
            self.tasks().send_ingest(document.source, number, document.job_id)

    def _leave(self, waiting: Sequence[Waiting]) -> None:
        """Have those that were not begun read by whoever has time, each by a message of its own."""
        for each, _ in waiting:
            self._begin([replace(each, waits=True)])

    def _begin(self, group: Sequence[Beginning]) -> list[Begun]:
        group = [each for each in group if each.document.job_id not in self.lost]
        if not group:
            return []
        try:
            begun = self.small.begin(group)
        except InsufficientCredits:
            if len(group) > 1:
                return [begun for each in group for begun in self._begin([each])]
            # By the ordinary way it is refused with its reason.
            self._hand_on(group[0].document)
            return []
        ours = {each.document.job_id for each in begun}
        for each in group:
            if each.document.job_id not in ours:
                self.held.pop(each.document.job_id)
                if not each.waits:
                    log.info("document is held, cancelled or taken", extra=each.document.log_fields)
        self.live.publish_all(ours)
        return begun

    def _read(self, begun: Begun, content: bytes) -> None:
        work = begun.work
        if work.job_id in self.lost:
            self._give_up(begun)
            return
        began = time.monotonic()
        with logging_for(work.job_id, chunk_index=0, attempt=work.attempt), traced(work, Laps()):
            try:
                with telemetry.span(Hop.CHUNK_CACHE):
                    found = self._find(begun)
                if found is None:
                    return
                begun, chunk = found
                count_looked_up(work, is_hit=chunk is not None)
                if chunk is None:
                    with telemetry.span(Hop.CHUNK_OCR):
                        pages = self.engine().read(content, languages=work.options.languages)
                    chunk = chunk_of(work, pages)
                    count_ended("completed", pages=len(pages), failed=0)
            except (QuotaError, TransientError, PermanentError) as error:
                self._put_back(begun, error)
                return
            seconds = time.monotonic() - began
            self.pace.note(seconds)
            # Reading took its time: a job that was cancelled meanwhile gets no more objects.
            if seconds > self.limits.record_seconds:
                self.renew()
            if work.job_id in self.lost:
                self._give_up(begun)
                return
            self.recording.add(bind(begun, chunk, self.results, self.pool, began))
            # What comes from the cache is found there by the next as well.
            if begun.work.cache_key is not None and begun.work.cached is None:
                self.unrecorded.add(begun.work.cache_key)

    def _find(self, begun: Begun) -> tuple[Begun, ChunkResult | None] | None:
        """Return what was read before, or nothing where it is to be read; None where it waits."""
        while begun.work.cached is not None:
            chunk = sound_result(begun.work.cached, begun.work, self.results)
            if chunk is not None:
                return begun, chunk
            log.error("a cached result is damaged, it is read again", extra=begun.work.log_fields)
            try:
                work = self.chunks.evict(begun.work)
            except LeaseLost:
                self._give_up(begun)
                return None
            if work is None:
                self.held.pop(begun.work.job_id)
                log.info("an equal chunk is being read", extra=begun.work.log_fields)
                return None
            begun = replace(begun, work=work)
        return begun, None

    def _give_up(self, begun: Begun) -> None:
        self.held.pop(begun.document.job_id)
        log.warning("lease lost", extra=begun.work.log_fields)

    def _put_back(self, begun: Begun, error: QuireError) -> None:
        """Have the chunk read again like any other: there a page that can't be read is found."""
        work, counted, delay = begun.work, False, timedelta()
        if isinstance(error, QuotaError):
            delay = quota_delay(error)
        elif isinstance(error, TransientError):
            counted, delay = True, self.retries.delay(0)
        self.held.pop(work.job_id)
        if put_back(
            work, error, delay, chunks=self.chunks, dispatch=self.dispatch, counted=counted
        ):
            self.live.publish(work.job_id)
