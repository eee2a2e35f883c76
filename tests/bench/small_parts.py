"""Where a small document's time goes: message after message in this process, each part timed."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from common.models import JobId
from functions.bootstrap import Application
from functions.lazily import built_once
from infra.settings import Settings

#: By port and method; what is not named counts as the rest.
_PARTS: Final = {
    "small_documents.claim": "claim",
    "uploads.read_chunk": "download, several at once",
    "whole_pdfs.count_pages": "look whether it is sound",
    "small_documents.begin": "begin",
    "engine.read": "OCR call",
    "results.write_chunk": "store, several at once",
    "results.write_small": "store, several at once",
    "small_documents.record": "record",
    "live.publish": "live updates",
    "live.publish_all": "live updates",
    "turns.give": "turns",
}


class MeasuredApplication(Application):
    """One process's adapters, whose calls are timed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._sum = threading.Lock()

    def read(self, job_ids: list[JobId], documents: int) -> Iterator[tuple[str, float]]:
        """Read these in messages of so many; yield each part's milliseconds a document."""
        for start in range(0, len(job_ids), documents):
            if start == documents:  # The first message is for libraries and connections.
                self.seconds.clear()
                begun = time.monotonic()
            self.read_documents(job_ids[start : start + documents])
        whole = time.monotonic() - begun
        read = len(job_ids) - documents
        for part in dict.fromkeys(_PARTS.values()):
            yield part, self.seconds[part] / read * 1000
        yield "all, by the clock", whole / read * 1000

    def _timed(self, name: str, adapter: Any) -> Any:
        return _Timed(self, name, adapter)

    @built_once
    def small_documents(self) -> Any:
        """Timed."""
        return self._timed("small_documents", super().small_documents)

    @built_once
    def uploads(self) -> Any:
        """Timed."""
        return self._timed("uploads", super().uploads)

    @built_once
    def results(self) -> Any:
        """Timed."""
        return self._timed("results", super().results)

    @built_once
    def engine(self) -> Any:
        """Timed."""
        return self._timed("engine", super().engine)

    @built_once
    def whole_pdfs(self) -> Any:
        """Timed."""
        return self._timed("whole_pdfs", super().whole_pdfs)

    @built_once
    def live(self) -> Any:
        """Timed."""
        return self._timed("live", super().live)

    @built_once
    def turns(self) -> Any:
        """Timed."""
        return self._timed("turns", super().turns)


class _Timed:
    def __init__(self, app: MeasuredApplication, name: str, adapter: Any) -> None:
        self._app, self._name, self._adapter = app, name, adapter

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._adapter, method)
        part = _PARTS.get(f"{self._name}.{method}")
        if part is None:
            return found

        def timed(*arguments: Any, **named: Any) -> Any:
            begun = time.monotonic()
            try:
                return found(*arguments, **named)
            finally:
                with self._app._sum:
                    self._app.seconds[part] += time.monotonic() - begun

        return timed
