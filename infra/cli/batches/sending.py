"""Brings many files to the bucket, several at once, and returns their documents' ids."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final

from infra.cli.api import Api
from infra.cli.batches.meter import Meter
from infra.cli.listing import rows_in
from infra.cli.patience import Patience, patiently
from infra.cli.source import SourcePdf
from infra.cli.upload import Uploader

#: Documents that one request announces.
_AT_ONCE: Final = 200
#: Files on their way at the same time.
_STREAMS: Final = 6


def send_all(api: Api, files: Sequence[SourcePdf], matter: str | None, meter: Meter) -> list[str]:
    """Upload the files and return their documents' ids, in the files' order.

    Raises what sending one of them raises; what was sent by then is removed after a week.
    """
    tally = _Tally(files, meter)
    uploader = Uploader(api, Patience)
    ids: list[str] = []
    with ThreadPoolExecutor(_STREAMS, "upload") as threads:
        for start in range(0, len(files), _AT_ONCE):
            some = files[start : start + _AT_ONCE]
            announced = _announce(api, some, matter)
            sending = [
                threads.submit(uploader.send_to, url, pdf, tally.of(pdf))
                for pdf, (_, url) in zip(some, announced, strict=True)
            ]
            try:
                for each in sending:
                    each.result()
            except BaseException:
                for each in sending:
                    each.cancel()
                raise
            ids += [document_id for document_id, _ in announced]
    return ids


def _announce(api: Api, files: Sequence[SourcePdf], matter: str | None) -> list[tuple[str, str]]:
    body: dict[str, object] = {
        "documents": [{"filename": pdf.filename, "size": pdf.size} for pdf in files]
    }
    if matter is not None:
        body["matter"] = matter
    # What was announced by an answer that got lost is never sent, and is removed after a week.
    answer = patiently(lambda: api.post("/v1/uploads", json=body), seconds=60)
    return [(str(row["document_id"]), str(row["upload_url"])) for row in rows_in(answer, "uploads")]


class _Tally:
    """How much of all files has gone out."""

    def __init__(self, files: Sequence[SourcePdf], meter: Meter) -> None:
        self._size = sum(pdf.size for pdf in files)
        self._files = len(files)
        self._meter = meter
        self._sent: dict[SourcePdf, int] = {}
        self._done = 0
        self._lock = Lock()

    def of(self, pdf: SourcePdf) -> _OfFile:
        """Return what counts one file's bytes."""
        return _OfFile(self, pdf)

    def count(self, pdf: SourcePdf, sent: int) -> None:
        with self._lock:
            before = self._sent.get(pdf, -1)
            self._sent[pdf] = sent
            self._done += before != pdf.size and sent == pdf.size
            self._meter.sending(self._done, self._files, sum(self._sent.values()), self._size)


class _OfFile:
    def __init__(self, tally: _Tally, pdf: SourcePdf) -> None:
        self._tally = tally
        self._pdf = pdf

    def __call__(self, sent: int, _size: int) -> None:
        self._tally.count(self._pdf, sent)
