"""The Document AI emulator refuses what the service refuses, with its reasons and numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.rpc import error_details_pb2

from infra.local.emulators.document_ai import PROCESSOR
from tests.contract.document_ai_fixtures import (
    Emulator,
    document_ai_store,
    emulator,
    encrypted,
    padded,
    pdf_of,
    running_document_ai,
    saved,
    without_pages,
)
from tests.pdfs import write_damaged

__all__ = ["document_ai_store", "emulator", "pdf_of", "running_document_ai"]

Pdfs = Callable[..., bytes]
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def _instantly(emulator: Emulator) -> None:
    """Limits do not hang on what stands on the pages."""
    emulator.controls.update({"instant": True})


def refusal(emulator: Emulator, *args: Any, **fields: Any) -> exceptions.InvalidArgument:
    with pytest.raises(exceptions.InvalidArgument) as caught:
        emulator.process(*args, **fields)
    return caught.value


def violations(error: exceptions.GoogleAPICallError) -> list[str]:
    return [
        violation.field
        for detail in error.details
        if isinstance(detail, error_details_pb2.BadRequest)
        for violation in detail.field_violations
    ]


def test_fifteen_pages_pass_and_sixteen_do_not(emulator: Emulator, pdf_of: Pdfs) -> None:
    assert len(emulator.process(pdf_of(15), imageless=False, mask="pages.tokens").pages) == 15
    error = refusal(emulator, pdf_of(16), imageless=False, mask="pages.tokens")
    assert error.message == (
        "Document pages in non-imageless mode exceed the limit: 15 got 16. "
        "Try using imageless mode to increase the limit to 30."
    )
    assert error.reason == "PAGE_LIMIT_EXCEEDED_IN_IMAGELESS_MODE"
    assert error.domain == "documentai.googleapis.com"
    assert error.metadata == {"page_limit": "15", "pages": "16", "imageless_page_limit": "30"}


def test_imageless_mode_takes_thirty_pages(emulator: Emulator, pdf_of: Pdfs) -> None:
    assert len(emulator.process(pdf_of(30)).pages) == 30
    error = refusal(emulator, pdf_of(31))
    assert error.message == "Document pages exceed the limit: 30 got 31"
    assert (error.reason, error.metadata) == (
        "PAGE_LIMIT_EXCEEDED",
        {"page_limit": "30", "pages": "31"},
    )


def test_a_field_mask_without_images_is_not_imageless_mode(
    emulator: Emulator, pdf_of: Pdfs
) -> None:
    error = refusal(emulator, pdf_of(16), imageless=False, mask="text")
    assert error.reason == "PAGE_LIMIT_EXCEEDED_IN_IMAGELESS_MODE"


def test_forty_mebibytes_pass_and_one_byte_more_does_not(emulator: Emulator, pdf_of: Pdfs) -> None:
    largest = padded(pdf_of(1), 40 * MIB)
    assert len(emulator.process(largest).pages) == 1
    error = refusal(emulator, largest + b"\n")
    assert error.message == "Document size (41943041) exceeds limit: 41943040 (bytes)."
    assert error.reason == "DOCUMENT_SIZE_LIMIT_EXCEEDED"
    assert error.metadata == {"limit": "41943040", "size": "41943041"}
    assert violations(error) == ["raw_document.content"]


def test_limits_can_be_lifted(emulator: Emulator, pdf_of: Pdfs) -> None:
    emulator.controls.update({"max_pages_imageless": 500, "max_bytes": 64 * MIB})
    assert len(emulator.process(padded(pdf_of(200), 41 * MIB)).pages) == 200


def test_a_first_page_beyond_the_reach_of_a_call_is_refused(
    emulator: Emulator, pdf_of: Pdfs
) -> None:
    pdf = pdf_of(40)
    assert numbers(emulator, pdf, [1, 30]) == [1, 30]
    error = refusal(emulator, pdf, options=pages([31]))
    assert (error.reason, error.metadata["pages"]) == ("PAGE_LIMIT_EXCEEDED", "40")


def test_more_than_fifteen_pages_must_be_the_first(emulator: Emulator, pdf_of: Pdfs) -> None:
    pdf = pdf_of(30)
    assert numbers(emulator, pdf, list(range(1, 21))) == list(range(1, 21))
    error = refusal(emulator, pdf, options=pages(list(range(2, 22))))
    assert error.reason == "PAGE_LIMIT_EXCEEDED"
    assert error.metadata == {"page_limit": "15", "pages": "20"}


def pages(numbers: list[int]) -> dict[str, Any]:
    return {"individual_page_selector": {"pages": numbers}}


def numbers(emulator: Emulator, pdf: bytes, wanted: list[int]) -> list[int]:
    return [page.page_number for page in emulator.process(pdf, options=pages(wanted)).pages]


def test_pages_are_chosen_from_either_end(emulator: Emulator, pdf_of: Pdfs) -> None:
    def chosen(**options: int) -> list[int]:
        return [page.page_number for page in emulator.process(pdf, options=options).pages]

    pdf = pdf_of(5)
    assert chosen(from_start=2) == [1, 2]
    assert chosen(from_end=2) == [4, 5]
    assert chosen(from_start=9) == [1, 2, 3, 4, 5]
    assert chosen(from_end=9) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (pages([0]), "process_options.individual_page_selector.pages"),
        (pages([6]), "process_options.individual_page_selector.pages"),
        ({"from_start": 0}, "process_options.from_start"),
        ({"from_end": -1}, "process_options.from_end"),
    ],
)
def test_pages_that_are_not_there_are_refused(
    emulator: Emulator, pdf_of: Pdfs, options: dict[str, Any], field: str
) -> None:
    assert violations(refusal(emulator, pdf_of(5), options=options)) == [field]


def test_an_unknown_kind_of_file_is_refused(emulator: Emulator, pdf_of: Pdfs) -> None:
    error = refusal(emulator, pdf_of(1), mime_type="application/zip")
    assert (error.reason, error.metadata) == (
        "UNSUPPORTED_MIME_TYPE",
        {"mime_type": "application/zip"},
    )


def test_a_picture_is_something_only_the_service_reads(emulator: Emulator) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match="PDFs only"):
        emulator.process(b"\x89PNG", mime_type="image/png")


def test_what_only_says_it_is_a_pdf_is_refused(emulator: Emulator) -> None:
    assert refusal(emulator, b"GIF89a").message == "Unsupported input file format."


def test_a_pdf_without_pages_is_refused(emulator: Emulator) -> None:
    error = refusal(emulator, without_pages())
    assert (error.message, error.reason) == ("No pages were found in the document.", "NO_PAGES")


def test_a_call_without_a_document_is_refused(emulator: Emulator) -> None:
    assert violations(refusal(emulator)) == ["source"]


@pytest.mark.parametrize("kind", ["encrypted", "cut short", "noise"])
def test_a_pdf_that_does_not_open_is_refused(
    emulator: Emulator, pdf_of: Pdfs, tmp_path: Path, kind: str
) -> None:
    pdf = {
        "encrypted": lambda: encrypted(pdf_of(1)),
        "cut short": lambda: saved(tmp_path, write_damaged),
        "noise": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40,
    }[kind]()
    error = refusal(emulator, pdf)
    assert "could not be opened or is corrupted" in error.message
    assert not error.details


def test_a_pdf_that_can_be_mended_is_read(emulator: Emulator, pdf_of: Pdfs) -> None:
    pdf = pdf_of(3)
    without_table = pdf[: pdf.rindex(b"startxref")]
    assert len(emulator.process(without_table).pages) == 3


def test_a_pdf_locked_only_against_changes_is_read(emulator: Emulator, pdf_of: Pdfs) -> None:
    assert len(emulator.process(encrypted(pdf_of(2), user="")).pages) == 2


@pytest.mark.parametrize(
    ("name", "reason", "metadata"),
    [
        (
            PROCESSOR.replace("/ocr", "/other"),
            "PROCESSOR_NOT_FOUND",
            {"processor_id": "other"},
        ),
        (
            PROCESSOR.replace("locations/local", "locations/eu"),
            "PROCESSOR_NOT_FOUND",
            {"processor_id": "ocr"},
        ),
        (
            f"{PROCESSOR}/processorVersions/none",
            "PROCESSOR_VERSION_NOT_FOUND",
            {"processor_id": "ocr", "version_id": "none"},
        ),
    ],
)
def test_an_unknown_processor_is_not_found(
    emulator: Emulator, pdf_of: Pdfs, name: str, reason: str, metadata: dict[str, str]
) -> None:
    with pytest.raises(exceptions.NotFound) as caught:
        emulator.process(pdf_of(1), name=name)
    assert (caught.value.reason, caught.value.metadata) == (reason, metadata)


def test_a_name_that_is_no_processors_is_refused(emulator: Emulator, pdf_of: Pdfs) -> None:
    assert violations(refusal(emulator, pdf_of(1), name="ocr")) == ["name"]


@pytest.mark.parametrize("path", ["words", "pages.words", "text.content", "pages.tokens.layout"])
def test_a_field_mask_knows_document_and_page_fields_only(
    emulator: Emulator, pdf_of: Pdfs, path: str
) -> None:
    assert violations(refusal(emulator, pdf_of(1), mask=path)) == ["field_mask"]
