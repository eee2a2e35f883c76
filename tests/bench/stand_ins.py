"""Quire's application with services that answer after a fixed time, and cost nothing themselves.

What is left is Quire's own, or the baseline's. In use where QUIRE_BENCH_REQUEST_MS says how long a
request of a storage takes; OCR answers at once. Where it is not set the services are the emulated.
Chunks' results, which another process may want, are files in QUIRE_BENCH_FOLDER.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from common.models import ObjectRef
from common.results import Page
from functions.bootstrap import Application
from functions.lazily import built_once
from infra.local.emulators.document_ai.canned import canned_page
from infra.logs import configure
from infra.settings import Settings

REQUEST_MS = "QUIRE_BENCH_REQUEST_MS"
FOLDER = "QUIRE_BENCH_FOLDER"


class StandIns:
    """A bucket of one-page PDFs, a store of chunks, an OCR engine that has always read."""

    def __init__(self, pdf: bytes, seconds: float, folder: Path) -> None:
        self._pdf = pdf
        self._seconds = seconds
        self._folder = folder
        self._pages = msgspec.json.encode([canned_page()])

    def _request(self) -> None:
        if self._seconds:
            time.sleep(self._seconds)

    def read_chunk(self, source: ObjectRef | str) -> bytes:
        """Return a document, another for every object; or a chunk's result."""
        self._request()
        if isinstance(source, str):
            return self._path(source).read_bytes()
        return self._pdf + f"% {source.name}\n".encode() + b"%%EOF\n"

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        """Take a chunk's PDF."""
        self._request()
        return ObjectRef("chunks", name, 1)

    def write_chunk(self, name: str, content: bytes) -> None:
        """Keep a chunk's result."""
        self._request()
        self._path(name).write_bytes(content)

    def _path(self, name: str) -> Path:
        return self._folder / name.replace("/", "-")

    def write_small(self, name: str, content: bytes, content_type: str) -> None:
        """Take a result."""
        self._request()

    def write_result(self, name: str, content: BinaryIO, content_type: str) -> None:
        """Take a result."""
        self._request()

    def read(self, pdf: bytes, *, languages: Sequence[str], committed: bool = False) -> list[Page]:
        """Return a page of 400 words."""
        return msgspec.json.decode(self._pages, type=list[Page])


class ApplicationWithStandIns(Application):
    """One process's adapters, those to the storages and to OCR being stand-ins."""

    @built_once
    def _stand_ins(self) -> StandIns:
        import tempfile

        from tests.pdfs.documents import write_born_digital

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.pdf"
            write_born_digital(path, ["A page."])
            return StandIns(
                path.read_bytes(), float(os.environ[REQUEST_MS]) / 1000, Path(os.environ[FOLDER])
            )

    @built_once
    def uploads(self) -> Any:
        """The stand-ins."""
        return self._stand_ins

    @built_once
    def results(self) -> Any:
        """The stand-ins."""
        return self._stand_ins

    @built_once
    def engine(self) -> Any:
        """The stand-ins."""
        return self._stand_ins


@cache
def bench_application() -> Application:
    """Return this process's application."""
    settings = Settings()
    configure(settings.log_level)
    built = (ApplicationWithStandIns if REQUEST_MS in os.environ else Application)(settings)
    import logging

    logging.getLogger().addHandler(built.job_log)
    return built
