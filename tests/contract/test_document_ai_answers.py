"""What the Document AI emulator reads, and how it says it, through Google's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import documentai_v1
from PIL import Image

from infra.local.emulators.document_ai import PROCESSOR
from tests.contract.document_ai_fixtures import (
    Emulator,
    bucket,
    document_ai_store,
    emulator,
    pdf_of,
    running_document_ai,
    saved,
)
from tests.pdfs import write_french, write_rotated, write_scan

__all__ = ["bucket", "document_ai_store", "emulator", "pdf_of", "running_document_ai"]

Pdfs = Callable[..., bytes]
TEXT = "The heading\n\nOne paragraph of a few words.\n\nAnother paragraph, and it is the last."


def words(document: Any, page: Any) -> list[str]:
    return [text_of(document, token.layout).strip() for token in page.tokens]


def text_of(document: Any, layout: Any) -> str:
    text: str = document.text
    return "".join(
        text[segment.start_index : segment.end_index]
        for segment in layout.text_anchor.text_segments
    )


def spans(elements: Iterable[Any]) -> list[tuple[int, int]]:
    found = []
    for one in elements:
        [segment] = one.layout.text_anchor.text_segments
        found.append((segment.start_index, segment.end_index))
    return found


def assert_tile(parts: Sequence[tuple[int, int]], start: int, end: int) -> None:
    assert [part[0] for part in parts] == [start, *(part[1] for part in parts[:-1])]
    assert parts[-1][1] == end


def assert_sound(document: Any) -> None:
    """What must hold of any answer."""
    at = 0
    for page in document.pages:
        [(start, end)] = spans([page]) or [(at, at)]
        assert start == at
        at = end
        assert_tile(spans(page.tokens), start, end)
        assert_tile(spans(page.lines), start, end)
        assert_tile(spans(page.paragraphs), start, end)
        assert_tile(spans(page.blocks), start, end)
        everything = [page, *page.blocks, *page.paragraphs, *page.lines, *page.tokens]
        for one in everything:
            assert 0 < one.layout.confidence <= 1
            assert_a_rectangle(one.layout.bounding_poly, page.dimension)
    assert at == len(document.text)


def assert_a_rectangle(polygon: Any, dimension: Any) -> None:
    corners = [(v.x, v.y) for v in polygon.normalized_vertices]
    assert len(corners) == len(polygon.vertices) == 4
    (left, top), (right, bottom) = corners[0], corners[2]
    assert corners == [(left, top), (right, top), (right, bottom), (left, bottom)]
    assert 0 <= left <= right <= 1
    assert 0 <= top <= bottom <= 1
    for corner, pixel in zip(polygon.normalized_vertices, polygon.vertices, strict=True):
        assert abs(corner.x * dimension.width - pixel.x) <= 1
        assert abs(corner.y * dimension.height - pixel.y) <= 1


def test_an_answer_has_the_text_and_every_level_of_layout(emulator: Emulator, pdf_of: Pdfs) -> None:
    document = emulator.process(pdf_of([TEXT, "Second\n\nThe other page."]))
    assert document.text.split() == [*TEXT.split(), "Second", "The", "other", "page."]
    assert document.mime_type == "application/pdf"
    assert [page.page_number for page in document.pages] == [1, 2]
    first = document.pages[0]
    assert words(document, first) == TEXT.split()
    assert text_of(document, first.lines[0].layout) == "The heading\n"
    assert len(first.paragraphs) >= 2
    assert (first.dimension.unit, first.dimension.width) == ("pixels", 1653)
    assert first.layout.orientation == documentai_v1.Document.Page.Layout.Orientation.PAGE_UP
    assert [one.language_code for one in first.detected_languages] == ["en"]
    assert_sound(document)


def test_tokens_say_what_kind_of_break_follows(emulator: Emulator, pdf_of: Pdfs) -> None:
    [page] = emulator.process(pdf_of(["One\n\nTwo three"])).pages
    assert [token.detected_break.type_ for token in page.tokens] == [1, 1, 1]


def test_a_scan_is_read_from_its_picture(emulator: Emulator, tmp_path: Path) -> None:
    document = emulator.process(saved(tmp_path, lambda path: write_scan(path, [TEXT])))
    assert words(document, document.pages[0]) == TEXT.split()
    assert_sound(document)


def test_only_who_asks_for_it_is_told_a_page_s_own_text(emulator: Emulator, pdf_of: Pdfs) -> None:
    pdf = pdf_of(["As it is written, so it is read."])
    own, seen = (emulator.process(pdf, native=native).pages[0] for native in (True, False))
    assert own.layout.confidence == 1.0
    assert 0.5 < seen.layout.confidence < 1.0


def test_an_empty_page_stands_between_the_others(emulator: Emulator, pdf_of: Pdfs) -> None:
    document = emulator.process(pdf_of(["One\n\nfirst", "", "Three\n\nlast"]))
    assert [len(page.tokens) for page in document.pages] == [2, 0, 2]
    assert not document.pages[1].layout.text_anchor.text_segments
    assert document.text.split() == ["One", "first", "Three", "last"]


def test_a_turned_page_is_measured_as_it_is_looked_at(emulator: Emulator, tmp_path: Path) -> None:
    document = emulator.process(saved(tmp_path, lambda path: write_rotated(path, TEXT)))
    assert_sound(document)
    upright = document.pages[0]
    for page in document.pages:
        assert words(document, page) == TEXT.split()
        assert (page.dimension.width, page.dimension.height) == (1653, 2339)
        for token, same in zip(page.tokens, upright.tokens, strict=True):
            corner = token.layout.bounding_poly.normalized_vertices[0]
            expected = same.layout.bounding_poly.normalized_vertices[0]
            assert (corner.x, corner.y) == pytest.approx((expected.x, expected.y), abs=0.01)


def test_the_language_is_found_and_hints_are_heeded(emulator: Emulator, tmp_path: Path) -> None:
    pdf = saved(tmp_path, write_french)
    [page] = emulator.process(pdf).pages
    assert [one.language_code for one in page.detected_languages] == ["fr"]
    hints = {"ocr_config": {"hints": {"language_hints": ["fr-CA"]}}}
    [page] = emulator.process(pdf, options=hints).pages
    assert [one.language_code for one in page.detected_languages] == ["fr-CA"]


def test_chosen_pages_keep_their_numbers_and_bring_only_their_text(
    emulator: Emulator, pdf_of: Pdfs
) -> None:
    pdf = pdf_of(["One\n\nfirst", "Two\n\nsecond", "Three\n\nthird"])
    document = emulator.process(pdf, options={"individual_page_selector": {"pages": [3, 2]}})
    assert [page.page_number for page in document.pages] == [2, 3]
    assert document.text.split() == ["Two", "second", "Three", "third"]
    assert_sound(document)


def test_a_field_mask_leaves_the_rest_out(emulator: Emulator, pdf_of: Pdfs) -> None:
    pdf = pdf_of(1)
    only_text = emulator.process(pdf, mask="text")
    assert only_text.text
    assert not only_text.pages
    some = emulator.process(pdf, mask="pages.page_number,pages.lines")
    assert not some.text
    assert [field.name for field, _ in some.pages[0].ListFields()] == ["page_number", "lines"]
    assert emulator.process(pdf, mask="pages").pages[0].tokens


def test_pictures_come_unless_they_are_declined(emulator: Emulator, pdf_of: Pdfs) -> None:
    pdf = pdf_of(2)
    for page in emulator.process(pdf, imageless=False).pages:
        assert page.image.mime_type == "image/png"
        picture = Image.open(BytesIO(page.image.content))
        assert picture.size == (page.image.width, page.image.height)
        assert picture.size == (page.dimension.width, page.dimension.height)
    assert not emulator.process(pdf, imageless=True).pages[0].HasField("image")
    masked = emulator.process(pdf, imageless=False, mask="text,pages.tokens")
    assert not masked.pages[0].HasField("image")


def test_a_document_in_cloud_storage_is_read_from_there(
    emulator: Emulator, bucket: Any, pdf_of: Pdfs
) -> None:
    paper = bucket.blob("2026/the paper.pdf")
    paper.upload_from_string(pdf_of(["Old\n\nversion"]), "application/pdf")
    paper.upload_from_string(pdf_of([TEXT]), "application/pdf")
    uri = f"gs://{bucket.name}/2026/the paper.pdf"
    source = {"gcs_uri": uri, "mime_type": "application/pdf"}
    assert emulator.process(gcs_document=source).text.split() == TEXT.split()
    paper.delete()
    with pytest.raises(exceptions.NotFound) as caught:
        emulator.process(gcs_document=source)
    assert (caught.value.reason, caught.value.metadata) == ("DOCUMENT_NOT_FOUND", {"document": uri})


def test_a_stored_document_is_held_to_the_same_limits(
    emulator: Emulator, bucket: Any, pdf_of: Pdfs
) -> None:
    emulator.controls.update({"max_bytes": 300})
    bucket.blob("large.pdf").upload_from_string(pdf_of(1), "application/pdf")
    with pytest.raises(exceptions.InvalidArgument) as caught:
        emulator.process(
            gcs_document={
                "gcs_uri": f"gs://{bucket.name}/large.pdf",
                "mime_type": "application/pdf",
            }
        )
    assert caught.value.reason == "DOCUMENT_SIZE_LIMIT_EXCEEDED"


@pytest.mark.parametrize("uri", ["gs://papers", "https://example.com/a.pdf", ""])
def test_only_an_objects_address_is_one(emulator: Emulator, uri: str) -> None:
    with pytest.raises(exceptions.InvalidArgument) as caught:
        emulator.process(gcs_document={"gcs_uri": uri, "mime_type": "application/pdf"})
    assert "gcs_document.gcs_uri" in str(caught.value.details)


@pytest.mark.parametrize("version", ["", "/processorVersions/stable", "/processorVersions/rc"])
def test_a_processor_answers_by_its_versions_too(
    emulator: Emulator, pdf_of: Pdfs, version: str
) -> None:
    assert emulator.process(pdf_of(1), name=PROCESSOR + version).pages


def test_the_processor_can_be_looked_up(emulator: Emulator) -> None:
    found = emulator.client.get_processor(name=PROCESSOR)
    assert (found.name, found.type_) == (PROCESSOR, "OCR_PROCESSOR")
    assert found.state == documentai_v1.Processor.State.ENABLED
    version = emulator.client.get_processor_version(name=found.default_processor_version)
    assert version.state == documentai_v1.ProcessorVersion.State.DEPLOYED
    parent = PROCESSOR.partition("/processors/")[0]
    assert [one.name for one in emulator.client.list_processors(parent=parent)] == [PROCESSOR]
    assert not list(emulator.client.list_processors(parent="projects/other/locations/us"))
    with pytest.raises(exceptions.NotFound):
        emulator.client.get_processor(name=f"{PROCESSOR}-two")


def test_everything_else_is_not_implemented(emulator: Emulator) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        emulator.client.batch_process_documents(name=PROCESSOR)
