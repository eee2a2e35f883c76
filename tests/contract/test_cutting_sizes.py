"""Chunks together are about as large as the document, whatever its pages share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import pdfs
from tests.contract.cutting_fixtures import chunks_of, looks


def form(path: Path) -> None:
    pdfs.write_shared_form(path, 100)


def resources(path: Path) -> None:
    pdfs.write_shared_resources(path, 100)


def wrapped_resources(path: Path) -> None:
    pdfs.write_shared_resources(path, 100, wrapped=True)


def scan(path: Path) -> None:
    pdfs.write_big_scan(path, 100, page_bytes=20_000)


@pytest.mark.parametrize("write", [form, resources, wrapped_resources, scan])
@pytest.mark.parametrize("size", [1, 25])
def test_chunks_do_not_blow_up(write: Callable[[Path], None], size: int, tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    write(source)
    with chunks_of(source, tmp_path, size=size) as chunks:
        total = sum(chunk.stat().st_size for chunk in chunks)
        assert total <= (1.2 if size == 25 else 2.5) * source.stat().st_size
        assert [look for chunk in chunks for look in looks(chunk, scale=0.2)] == looks(
            source, scale=0.2
        )
