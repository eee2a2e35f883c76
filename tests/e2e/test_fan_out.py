"""Seventeen chunks: under work at once, merged once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_mixed


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[QuireClient]:
    """A stack with a worker child for every chunk."""
    with (
        Stack(Home(tmp_path / "home"), options=StackOptions(workers=17)) as stack,
        QuireClient(stack) as quire,
    ):
        yield quire


def test_seventeen_chunks_are_under_work_at_once_and_merge_once(
    wide: QuireClient, tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    write_mixed(path, pages=425, scanned_every=1000)
    with wide.document_ai(instant=True, let_through=0):
        job_id = wide.submit(path)
        query = "SELECT id FROM chunks WHERE job_id = %s AND status = 'processing'"
        wait_for(lambda: len(wide.rows(query, job_id)) == 17, "all to be under work")
        wide.let_through(None)
        job = wide.wait(job_id)
    assert (job["status"], job["total_chunks"], job["completed_pages"]) == ("completed", 17, 425)

    chunks = wide.rows("SELECT * FROM chunks WHERE job_id = %s", job_id)
    last_start = max(chunk["started_at"] for chunk in chunks)
    first_end = min(chunk["finished_at"] for chunk in chunks)
    assert last_start < first_end, "all chunks were under work before the first was done"

    kinds = [kind for _, kind, _ in wide.events(job_id)]
    assert kinds.count("merging") == kinds.count("merge_started") == 1
    assert kinds.count("job_completed") == 1
    assert [chunk["attempt"] for chunk in chunks] == [1] * 17
