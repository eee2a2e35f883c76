"""The adapter that production uses, against the emulator."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.errors import MisconfiguredError, PermanentError, QuotaError, TransientError
from common.results import Page
from infra.local.ocr_engine.pool import EnginePool
from infra.ocr.document_ai import DocumentAiEngine
from infra.settings import DocumentAiSettings
from tests.contract.document_ai_fixtures import (
    Emulator,
    document_ai_store,
    emulator,
    encrypted,
    engine,
    padded,
    pdf_of,
    running_document_ai,
    saved,
    without_pages,
)
from tests.pdfs import write_french, write_mixed, write_rotated

__all__ = ["document_ai_store", "emulator", "engine", "pdf_of", "running_document_ai"]

Pdfs = Callable[..., bytes]


def shifted(page: Page, by: int) -> Page:
    """Return the page with everything moved on in the text."""
    parts: list[Any] = [page, *page.blocks]
    for block in page.blocks:
        parts += block.paragraphs
        for line in (line for paragraph in block.paragraphs for line in paragraph.lines):
            parts += [line, *line.words]
    for part in parts:
        part.start += by
        part.end += by
    return page


def read_directly(pdf: bytes, pages: int) -> list[Page]:
    """Return what the engine itself reads, put together like a chunk's pages."""

    async def read() -> list[Page]:
        pool = EnginePool(2)
        try:
            return await pool.read(pdf, range(pages), [])
        finally:
            await pool.close()

    at = 0
    together: list[Page] = []
    for page in asyncio.run(read()):
        together.append(shifted(page, at))
        at = together[-1].end
    return together


def test_nothing_that_was_read_is_lost_on_the_way(engine: DocumentAiEngine, tmp_path: Path) -> None:
    def write(path: Path) -> None:
        write_mixed(path, 6, scanned_every=3)

    pdf = saved(tmp_path, write)
    read = engine.read(pdf, languages=[])
    expected = read_directly(pdf, 6)
    assert [page.number for page in read] == [1, 2, 3, 4, 5, 6]
    assert sum(len(page.text) for page in read) > 1000
    assert read == expected


def test_turned_and_empty_pages_arrive_as_they_were_read(
    engine: DocumentAiEngine, tmp_path: Path, pdf_of: Pdfs
) -> None:
    rotated = saved(tmp_path, lambda path: write_rotated(path, "Upright\n\nHowever it lies."))
    assert engine.read(rotated, languages=[]) == read_directly(rotated, 4)
    gaps = pdf_of(["", "Some\n\ntext", "", "more", ""])
    assert engine.read(gaps, languages=[]) == read_directly(gaps, 5)


def test_thirty_pages_fit_one_call(engine: DocumentAiEngine, pdf_of: Pdfs) -> None:
    assert len(engine.read(pdf_of(30), languages=[])) == 30


def test_languages_are_handed_on(engine: DocumentAiEngine, tmp_path: Path) -> None:
    [page] = engine.read(saved(tmp_path, write_french), languages=["fr-CA"])
    assert page.languages == ["fr-CA"]


def test_pages_with_text_of_their_own_are_recognized_where_that_is_asked_for(
    emulator: Emulator, pdf_of: Pdfs
) -> None:
    pdf = pdf_of(["Whatever the file says, this is what a reader sees on its only page."])
    engine = emulator.adapter(native_pdf_parsing=False)
    try:
        [seen] = engine.read(pdf, languages=["en"])
    finally:
        engine.close()
    [said] = emulator.process(pdf).pages
    assert said.layout.confidence == 1.0
    assert " ".join(seen.text.split()) == (
        "Whatever the file says, this is what a reader sees on its only page."
    )
    assert 0.5 < seen.confidence < 1.0


def test_pictures_are_not_fetched_even_without_imageless_mode(
    emulator: Emulator, pdf_of: Pdfs
) -> None:
    engine = emulator.adapter(imageless=False)
    try:
        assert len(engine.read(pdf_of(15), languages=[])) == 15
        with pytest.raises(PermanentError) as caught:
            engine.read(pdf_of(16), languages=[])
    finally:
        engine.close()
    assert caught.value.code == "PAGE_LIMIT_EXCEEDED_IN_IMAGELESS_MODE"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda pdf_of: pdf_of(31), "PAGE_LIMIT_EXCEEDED"),
        (
            lambda pdf_of: padded(pdf_of(1), 40 * 1024 * 1024) + b"\n",
            "DOCUMENT_SIZE_LIMIT_EXCEEDED",
        ),
        (lambda _: without_pages(), "NO_PAGES"),
        (lambda _: b"something else", "UNREADABLE_PDF"),
        (lambda _: b"%PDF-1.7\nnothing", "UNREADABLE_PDF"),
        (lambda pdf_of: encrypted(pdf_of(1)), "UNREADABLE_PDF"),
    ],
)
def test_what_is_refused_is_never_tried_again(
    engine: DocumentAiEngine, pdf_of: Pdfs, make: Callable[[Any], bytes], code: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        engine.read(make(pdf_of), languages=[])
    assert caught.value.code == code


def test_a_poisoned_page_is_permanent(
    emulator: Emulator, engine: DocumentAiEngine, pdf_of: Pdfs
) -> None:
    emulator.controls.update({"poison": "arsenic"})
    with pytest.raises(PermanentError) as caught:
        engine.read(pdf_of(["Sound", "arsenic"]), languages=[])
    assert caught.value.code == "UNREADABLE_PAGE"


@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL"])
def test_what_may_pass_is_transient_and_not_hidden_by_retries(
    emulator: Emulator, engine: DocumentAiEngine, pdf_of: Pdfs, status: str
) -> None:
    emulator.controls.update({"faults": [{"status": status, "times": 1}]})
    with pytest.raises(TransientError) as caught:
        engine.read(pdf_of(1), languages=[])
    assert caught.value.code == "CHUNK_PROCESSING_ERROR"
    assert len(engine.read(pdf_of(1), languages=[])) == 1


def test_a_full_quota_is_its_own_error(
    emulator: Emulator, engine: DocumentAiEngine, pdf_of: Pdfs
) -> None:
    emulator.controls.update({"instant": True, "quota_per_minute": 1})
    engine.read(pdf_of(1), languages=[])
    with pytest.raises(QuotaError) as caught:
        engine.read(pdf_of(1), languages=[])
    assert caught.value.retry_after_seconds == 10
    emulator.controls.update(
        {
            "quota_per_minute": None,
            "faults": [{"status": "RESOURCE_EXHAUSTED", "retry_after_seconds": 2.5}],
        }
    )
    with pytest.raises(QuotaError) as caught:
        engine.read(pdf_of(1), languages=[])
    assert caught.value.retry_after_seconds == 2.5


def test_the_deadline_is_the_settings(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update({"instant": True, "latency_per_call_seconds": 60})
    engine = emulator.adapter(timeout_seconds=0.3)
    began = time.monotonic()
    try:
        with pytest.raises(TransientError) as caught:
            engine.read(pdf_of(1), languages=[])
    finally:
        engine.close()
    assert (caught.value.code, caught.value.message) == ("TASK_TIMEOUT", "Document AI timeout")
    assert time.monotonic() - began < 10


def test_a_service_that_is_not_there_is_transient(pdf_of: Pdfs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    engine = DocumentAiEngine(
        DocumentAiSettings(
            processor="projects/p/locations/l/processors/ocr",
            endpoint=f"127.0.0.1:{port}",
            insecure=True,
        )
    )
    try:
        with pytest.raises(TransientError) as caught:
            engine.read(pdf_of(1), languages=[])
    finally:
        engine.close()
    assert caught.value.code == "CHUNK_PROCESSING_ERROR"


def test_a_wrong_processor_is_the_operators_to_mend(emulator: Emulator, pdf_of: Pdfs) -> None:
    engine = DocumentAiEngine(
        DocumentAiSettings(
            processor="projects/quire-local/locations/local/processors/gone",
            endpoint=emulator.endpoint,
            insecure=True,
        )
    )
    try:
        with pytest.raises(PermanentError) as caught:
            engine.read(pdf_of(1), languages=[])
    finally:
        engine.close()
    assert caught.value.code == "PROCESSOR_NOT_FOUND"
    assert isinstance(caught.value, MisconfiguredError)
    assert "DOCUMENT_AI__PROCESSOR" in caught.value.detail
    assert "DOCUMENT_AI__PROCESSOR" not in caught.value.message


def test_plain_grpc_needs_an_address() -> None:
    settings = DocumentAiSettings(processor="projects/p/locations/l/processors/o", insecure=True)
    with pytest.raises(ValueError, match="DOCUMENT_AI__ENDPOINT"):
        DocumentAiEngine(settings)


def test_a_whole_document_in_one_call_where_the_limits_are_lifted(
    emulator: Emulator, engine: DocumentAiEngine, pdf_of: Pdfs
) -> None:
    emulator.controls.update({"max_pages_imageless": 1000, "instant": True})
    pages = engine.read(pdf_of(400), languages=[])
    assert [page.number for page in pages] == list(range(1, 401))
    assert pages[-1].end == sum(len(page.text) for page in pages)
