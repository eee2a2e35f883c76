"""Many files on their way to a batch."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from infra.cli.api import Api
from infra.cli.batches.meter import Meter
from infra.cli.batches.sending import send_all
from infra.cli.source import source_pdf
from tests.unit.cli.fixtures import api, listening, server
from tests.unit.cli.little_api import LittleApi
from tests.unit.cli.little_lists import problem

__all__ = ["api", "listening", "server"]


def test_an_announcement_that_was_not_answered_is_made_anew_and_promises_nothing_else(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    server.refusals = deque([problem(503, "UNAVAILABLE", "Later.")])
    [document_id] = send_all(api, [source_pdf(path)], "m1", Meter())
    assert document_id in server.announced
    assert server.posted == [{"documents": [{"filename": "scan.pdf", "size": 9}], "matter": "m1"}]
    # Announcing takes no such key: it would be a promise that nobody keeps.
    assert len(server.headers_of_posts) == 2
    assert all("idempotency-key" not in headers for headers in server.headers_of_posts)
