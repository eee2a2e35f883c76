"""The story of one call: who is asked, for what, what stands against it, and the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from common.results import Page
from infra.local.emulators.document_ai import refusals
from infra.local.emulators.document_ai.canned import canned_page
from infra.local.emulators.document_ai.controls import Call, Controls
from infra.local.emulators.document_ai.faults import Facts
from infra.local.emulators.document_ai.resources import known
from infra.local.emulators.document_ai.response import (
    Fields,
    Picture,
    build,
    build_canned,
    wanted_fields,
)
from infra.local.emulators.document_ai.selection import check_limits, selected_pages
from infra.local.emulators.document_ai.sources import Sources
from infra.local.emulators.document_ai.types import types
from infra.local.ocr_engine.errors import EncryptedPdf, PageUnreadable, UnreadablePdf


class PageReader(Protocol):
    """The OCR engine, as the emulator needs it."""

    async def page_count(self, pdf: bytes) -> int:
        """Return how many pages the PDF has. UnreadablePdf or EncryptedPdf where it can't."""

    async def read(
        self, pdf: bytes, indexes: Sequence[int], languages: Sequence[str], *, own_text: bool = True
    ) -> list[Page]:
        """Return those pages, each with offsets from 0. PageUnreadable for the first that fails.

        `own_text` is whether pages' own text is taken where they have one.
        """


class PageDrawer(Protocol):
    """What makes pictures of pages."""

    async def draw(self, pdf: bytes, indexes: Sequence[int]) -> list[Picture]:
        """Return those pages' pictures."""


@dataclass(frozen=True)
class DocumentAi:
    """Answers ProcessDocument. Raises Refusal for everything that is not an answer."""

    controls: Controls
    reader: PageReader
    drawer: PageDrawer
    sources: Sources
    processors: Collection[str]

    async def process(self, serialized: bytes, call: Call) -> bytes:
        """Return a serialized ProcessResponse for a serialized ProcessRequest."""
        await self.controls.be_let_through()
        # Parsing, hashing and building hold up other calls only as much as Python's lock does.
        request = await asyncio.to_thread(types().ProcessRequest.FromString, serialized)
        name = known(request.name, self.processors)
        if not self.controls.within_quota():
            project = "/".join(name.location.split("/")[:2])
            raise refusals.quota_exceeded(self.controls.switches.quota_per_minute, project)
        fields = wanted_fields(request.field_mask.paths)
        pdf = await self.sources.content(request, call, self.controls.switches.max_bytes)
        try:
            return await self._answer(request, pdf, fields, call)
        except (EncryptedPdf, UnreadablePdf) as error:
            raise refusals.unopenable() from error
        except PageUnreadable as error:
            raise refusals.unreadable_page() from error

    async def _answer(self, request: Any, pdf: bytes, fields: Fields, call: Call) -> bytes:
        controls = self.controls
        page_count = await self.reader.page_count(pdf)
        if page_count == 0:
            raise refusals.no_pages()
        indexes = selected_pages(request.process_options, page_count)
        call.pages = len(indexes)
        check_limits(
            indexes, page_count, imageless=request.imageless_mode, limits=controls.switches
        )

        async with self._lasting(len(indexes)):
            return await self._built(request, pdf, fields, indexes)

    async def _built(
        self, request: Any, pdf: bytes, fields: Fields, indexes: Sequence[int]
    ) -> bytes:
        controls, imageless = self.controls, request.imageless_mode
        pages: list[Page] | None = None
        if controls.needs_texts:
            pages = await self._read(request, pdf, indexes)
        await self._strike(pdf, len(indexes), pages or [])
        if pages is None:
            pages = await self._read(request, pdf, indexes)

        numbers = [index + 1 for index in indexes]
        pictures: Mapping[int, Picture] = {}
        if not imageless and "pages" in fields.document and "image" in fields.page:
            drawn = await self.drawer.draw(pdf, indexes)
            pictures = dict(zip(numbers, drawn, strict=True))
        elif controls.switches.instant:
            return await asyncio.to_thread(build_canned, tuple(numbers), fields)
        return await asyncio.to_thread(build, pages, numbers, pictures, fields)

    @asynccontextmanager
    async def _lasting(self, pages: int) -> AsyncIterator[None]:
        """Have what is done within last as long as is set at least, be it an answer or not."""
        switches = self.controls.switches
        seconds = switches.latency_per_call_seconds + switches.latency_per_page_seconds * pages
        until = time.monotonic() + seconds
        try:
            yield
        except Exception:
            await asyncio.sleep(until - time.monotonic())
            raise
        await asyncio.sleep(until - time.monotonic())

    async def _read(self, request: Any, pdf: bytes, indexes: Sequence[int]) -> list[Page]:
        if self.controls.switches.instant:
            return [canned_page()] * len(indexes)
        ocr = request.process_options.ocr_config
        return await self.reader.read(
            pdf,
            indexes,
            list(ocr.hints.language_hints),
            own_text=ocr.enable_native_pdf_parsing,
        )

    async def _strike(self, pdf: bytes, pages: int, texts: Sequence[Page]) -> None:
        facts = Facts(pdf, pages, [page.text for page in texts])
        fault = self.controls.fault_for(facts)
        if fault is not None:
            raise refusals.ordered(fault)
        poison = self.controls.switches.poison
        if poison and any(poison in text for text in facts.texts):
            raise refusals.unreadable_page()
