"""Builds the service's answer from the engine's pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from common.results import Box, Line, Page
from infra.local.emulators.document_ai import refusals
from infra.local.emulators.document_ai.canned import canned_page
from infra.local.emulators.document_ai.types import types

_PAGE_UP = 1  # Document.Page.Layout.Orientation
_SPACE, _HYPHEN = 1, 3  # Document.Page.Token.DetectedBreak.Type
_SKIPPED = 1  # HumanReviewStatus.State


class Picture(NamedTuple):
    """A page as a PNG file."""

    png: bytes
    width: int
    height: int


class Fields(NamedTuple):
    """What a field mask lets through: names of document fields, and of page fields."""

    document: frozenset[str]
    page: frozenset[str]


def wanted_fields(paths: Sequence[str]) -> Fields:
    """Read a field mask; an empty one lets everything through.

    The service knows `{document_field}` and `pages.{page_field}`, nothing deeper.
    """
    document = frozenset(types().Document.DESCRIPTOR.fields_by_name)
    page = frozenset(types().Document.Page.DESCRIPTOR.fields_by_name)
    if not paths:
        return Fields(document, page)
    chosen: set[str] = set()
    chosen_page: set[str] = set()
    for path in paths:
        field, _, inner = path.partition(".")
        if field not in document or (inner and (field != "pages" or inner not in page)):
            raise refusals.bad_field("field_mask", f"Invalid field mask path: '{path}'.")
        chosen.add(field)
        if field == "pages":
            chosen_page |= {inner} if inner else page
    return Fields(frozenset(chosen), frozenset(chosen_page))


def build(
    pages: Sequence[Page],
    numbers: Sequence[int],
    pictures: Mapping[int, Picture],
    fields: Fields,
) -> bytes:
    """Return a serialized ProcessResponse.

    Each page's offsets begin at 0 and are moved to where its text stands in the answer's.
    `numbers` are the pages' numbers in the PDF that was sent; `pictures` goes by them.
    """
    response = types().ProcessResponse()
    response.human_review_status.state = _SKIPPED
    document = response.document
    if "mime_type" in fields.document:
        document.mime_type = "application/pdf"
    if "text" in fields.document:
        document.text = "".join(page.text for page in pages)
    if "shard_info" in fields.document:
        document.shard_info.shard_count = 1
    if "pages" in fields.document:
        offset = 0
        for page, number in zip(pages, numbers, strict=True):
            _Writer(page, offset, fields.page).write(
                document.pages.add(), number, pictures.get(number)
            )
            offset += len(page.text)
    serialized: bytes = response.SerializeToString()
    return serialized


@lru_cache(maxsize=8)
def build_canned(numbers: tuple[int, ...], fields: Fields) -> bytes:
    """Return the answer made of canned pages, which costs 3 ms a page only the first time."""
    return build([canned_page()] * len(numbers), numbers, {}, fields)


class _Writer:
    """Writes one page into its message."""

    def __init__(self, page: Page, offset: int, fields: Collection[str]) -> None:
        self.page, self.offset, self.fields = page, offset, fields

    def write(self, message: Any, number: int, picture: Picture | None) -> None:
        page, fields = self.page, self.fields
        if "page_number" in fields:
            message.page_number = number
        if "dimension" in fields:
            message.dimension.width = page.width
            message.dimension.height = page.height
            message.dimension.unit = page.unit
        if "layout" in fields:
            self._layout(message.layout, 0, len(page.text), (0, 0, 1, 1), page.confidence)
        if "detected_languages" in fields:
            # The engine says which is likelier, not by how much.
            for rank, code in enumerate(page.languages, start=1):
                message.detected_languages.add(
                    language_code=code, confidence=page.confidence / rank
                )
        if "image" in fields and picture is not None:
            message.image.content = picture.png
            message.image.mime_type = "image/png"
            message.image.width = picture.width
            message.image.height = picture.height
        self._elements(message)

    def _elements(self, message: Any) -> None:
        fields, layout = self.fields, self._layout
        for block in self.page.blocks:
            if "blocks" in fields:
                layout(
                    message.blocks.add().layout, block.start, block.end, block.box, block.confidence
                )
            for part in block.paragraphs:
                if "paragraphs" in fields:
                    layout(
                        message.paragraphs.add().layout,
                        part.start,
                        part.end,
                        part.box,
                        part.confidence,
                    )
                for line in part.lines:
                    if "lines" in fields:
                        layout(
                            message.lines.add().layout,
                            line.start,
                            line.end,
                            line.box,
                            line.confidence,
                        )
                    if "tokens" in fields:
                        self._tokens(message.tokens, line)

    def _tokens(self, tokens: Any, line: Line) -> None:
        text = self.page.text
        for word in line.words:
            token = tokens.add()
            self._layout(token.layout, word.start, word.end, word.box, word.confidence)
            if text[word.end - 1 : word.end].isspace():
                token.detected_break.type_ = _SPACE
            elif word.text.endswith("-") and word is line.words[-1]:
                token.detected_break.type_ = _HYPHEN

    def _layout(self, layout: Any, start: int, end: int, box: Box, confidence: float) -> None:
        if start < end:
            layout.text_anchor.text_segments.add(
                start_index=self.offset + start, end_index=self.offset + end
            )
        layout.confidence = confidence
        layout.orientation = _PAGE_UP
        left, top, right, bottom = box
        polygon = layout.bounding_poly
        add = polygon.normalized_vertices.add
        add(x=left, y=top)
        add(x=right, y=top)
        add(x=right, y=bottom)
        add(x=left, y=bottom)
        x0, x1 = round(left * self.page.width), round(right * self.page.width)
        y0, y1 = round(top * self.page.height), round(bottom * self.page.height)
        add = polygon.vertices.add
        add(x=x0, y=y0)
        add(x=x1, y=y0)
        add(x=x1, y=y1)
        add(x=x0, y=y1)
