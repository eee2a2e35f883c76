"""A key of the cache says all that a chunk's words depend on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from common import caching
from common.caching import ReadingKeys
from common.pages import PageRange
from infra.settings import DocumentAiSettings

KEYS = ReadingKeys("ab" * 32, 40, "projects/p/locations/eu/processors/x imageless", ("en", "fr"))
PAGES = PageRange(26, 40)


def test_each_ingredient_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [
        replace(KEYS, content="cd" * 32).key(PAGES),
        replace(KEYS, page_count=41).key(PAGES),
        replace(KEYS, engine="projects/p/locations/eu/processors/y imageless").key(PAGES),
        replace(KEYS, languages=("fr", "en")).key(PAGES),
        replace(KEYS, languages=("en",)).key(PAGES),
        replace(KEYS, languages=("en fr",)).key(PAGES),
        replace(KEYS, languages=()).key(PAGES),
        KEYS.key(PageRange(26, 39)),
        KEYS.key(PageRange(25, 40)),
    ]
    monkeypatch.setattr(caching, "READING", caching.READING + 1)
    others.append(KEYS.key(PAGES))
    monkeypatch.undo()
    assert len({KEYS.key(PAGES), *others}) == 11


def test_the_key_is_the_same_in_another_process() -> None:
    program = f"from common.caching import *\nprint({KEYS!r}.key(PageRange(26, 40)))"
    other = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert other.stdout.strip() == KEYS.key(PAGES)


def test_a_key_that_was_given_once_stays_what_it_is() -> None:
    """Whoever changes what goes into it raises READING: then this is to be written anew."""
    assert caching.READING == 1
    assert KEYS.key(PAGES) == "2f461bf4ed10c7bf7d479c121e064ff2552ca2443ba8d5afe99d0dedbb1e042f"


def test_keys_are_in_the_chunks_order() -> None:
    chunks = [PageRange(1, 25), PAGES]
    assert KEYS.keys(chunks) == [KEYS.key(chunks[0]), KEYS.key(chunks[1])]


def test_what_reads_is_named_with_its_version_and_with_how_it_is_asked() -> None:
    processor = "projects/p/locations/eu/processors/x/processorVersions/1"
    with_pictures = DocumentAiSettings(processor=processor, imageless=False)
    without = DocumentAiSettings(processor=processor, imageless=True)
    assert processor in with_pictures.reading
    recognized = DocumentAiSettings(processor=processor, native_pdf_parsing=False)
    assert len({with_pictures.reading, without.reading, recognized.reading}) == 3
    # What was read before own text was asked for had been recognized.
    assert recognized.reading == f"{processor} imageless"
