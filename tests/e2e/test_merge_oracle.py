"""However a document is cut, its result is the same: page by page, word by word, box by box."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_mixed

DEMO = Path(__file__).resolve().parents[1] / "resources" / "quire-demo.pdf"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "pages", "scanned_every"), [("demo", 0, 0), ("mixed", 120, 12), ("long", 425, 170)]
)
def test_every_chunk_size_gives_the_same_pages_words_and_boxes(
    quire: QuireClient, tmp_path: Path, name: str, pages: int, scanned_every: int
) -> None:
    path = DEMO
    if pages:
        path = tmp_path / f"{name}.pdf"
        write_mixed(path, pages=pages, scanned_every=scanned_every)
    whole = _read(quire, path, chunk_pages=1000)
    assert [page["number"] for page in whole["pages"]] == list(
        range(1, whole["source_page_count"] + 1)
    )
    assert pages in {0, whole["source_page_count"]}
    for chunk_pages in (1, 7, 25):
        cut = _read(quire, path, chunk_pages=chunk_pages)
        for one, other in zip(whole["pages"], cut["pages"], strict=True):
            assert one == other, f"page {one['number']} differs in chunks of {chunk_pages}"
        assert cut["text"] == whole["text"]


def _read(quire: QuireClient, path: Path, *, chunk_pages: int) -> dict[str, Any]:
    job_id = quire.submit(path, chunk_pages=chunk_pages)
    job = quire.wait(job_id)
    assert job["status"] == "completed", job
    result: dict[str, Any] = quire.result(job_id)
    assert job["total_chunks"] == -(-result["source_page_count"] // chunk_pages)
    result["text"] = quire.result(job_id, "text")
    return result
