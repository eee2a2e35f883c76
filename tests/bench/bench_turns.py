"""How long one document waits behind a running batch of 1,000, by its priority and owner.

`python -m tests.bench.bench_turns`

Waiting is from the job's making to the start of its chunk, by the database's clock. The OCR takes
200 ms a page. Beside it stands what the document would wait in one line with the batch.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_mixed

DOCUMENTS = 1000
WORKERS = 4
SAMPLES = 8
PAGE_SECONDS = 0.2


def main() -> None:
    """Print a table: whose document, median and longest wait."""
    print(f"{'One document behind a batch of 1,000, 4 workers':<62} {'median':>8} {'most':>8}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for what, waits in figures(Path(folder)):
            median = statistics.median(waits)
            print(f"{what:<62} {median:>6.2f} s {max(waits):>6.2f} s", flush=True)


def figures(folder: Path) -> Iterator[tuple[str, list[float]]]:
    """Yield each case with the seconds that its documents waited."""
    page = folder / "page.pdf"
    write_mixed(page, pages=1, scanned_every=1000)
    # Neither Quire nor the service is to be what they wait for.
    options = StackOptions(workers=WORKERS, extra_env={"DOCUMENT_AI__CALLS_PER_MINUTE": "100000"})
    with (
        Stack(Home(folder / "home"), options=options) as stack,
        QuireClient(stack) as alice,
        QuireClient(stack, owner="bob") as bob,
        alice.document_ai(
            instant=True, latency_per_page_seconds=PAGE_SECONDS, quota_per_minute=None
        ),
    ):
        _fill_bucket(stack, page)
        alice.wait(alice.submit(page, cache=False))
        yield "nothing else to do", _waits(bob, page, "normal")
        batch_id = _start(alice, "normal")
        yield "in one line with the batch", [_left(alice, batch_id)]
        yield "behind a normal batch: high priority, the batch's owner", _waits(alice, page, "high")
        yield "behind a normal batch: normal, another owner", _waits(bob, page, "normal")
        yield "behind a normal batch: normal, the batch's owner", _waits(alice, page, "normal")
        _cancel(alice, batch_id)
        batch_id = _start(alice, "high")
        yield "behind a high batch: low priority, another owner", _waits(bob, page, "low", 3)
        _cancel(alice, batch_id)


def _fill_bucket(stack: Stack, page: Path) -> None:
    content = page.read_bytes()
    client = Client(
        project="quire-local",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": stack.endpoints["gcs"]},
    )
    with closing(client):
        bucket = client.bucket("quire-uploads")
        for number in range(DOCUMENTS):
            # Each another document, or the cache would read one for all.
            blob = bucket.blob(f"batches/alice/turns/{number:05d}.pdf")
            blob.upload_from_string(content + b"\n%% %d\n" % number, "application/pdf")


def _start(quire: QuireClient, priority: str) -> str:
    """Have the whole bucket read; return once the batch is well under way."""
    answer = quire.http.post(
        "/v1/batches",
        json={
            "priority": priority,
            "options": {"cache": False},
            "documents": [{"uri": "gs://quire-uploads/batches/alice/turns/*.pdf"}],
        },
    )
    assert answer.status_code == 202, answer.text
    batch_id: str = answer.json()["batch_id"]
    wait_for(lambda: _batch(quire, batch_id)["completed"] >= 8, "the batch to be under way")
    return batch_id


def _batch(quire: QuireClient, batch_id: str) -> dict[str, float]:
    answer = quire.http.get(f"/v1/batches/{batch_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, float] = answer.json()
    return found


def _cancel(quire: QuireClient, batch_id: str) -> None:
    answer = quire.http.post(f"/v1/batches/{batch_id}/cancel")
    # On a fast machine it may have ended by now.
    assert answer.status_code in {200, 409}, answer.text


def _waits(quire: QuireClient, page: Path, priority: str, samples: int = SAMPLES) -> list[float]:
    """Send documents one after another; return the seconds that each waited."""
    return [_wait(quire, page, priority) for _ in range(samples)]


def _wait(quire: QuireClient, page: Path, priority: str) -> float:
    job_id = quire.submit(page, priority=priority, cache=False)
    quire.wait(job_id)
    [row] = quire.rows(
        "SELECT extract(epoch FROM min(at) FILTER (WHERE kind = 'chunk_started')"
        "                          - min(at) FILTER (WHERE kind = 'job_created'))::float8 AS waited"
        "  FROM job_events WHERE job_id = %s",
        job_id,
    )
    waited: float = row["waited"]
    return waited


def _left(quire: QuireClient, batch_id: str) -> float:
    """Return the seconds that the whole batch takes at its pace."""
    before, begun = _batch(quire, batch_id), time.monotonic()
    wait_for(
        lambda: _batch(quire, batch_id)["completed"] >= before["completed"] + 40,
        "forty more documents",
    )
    after, seconds = _batch(quire, batch_id), time.monotonic() - begun
    pace = (after["completed"] - before["completed"]) / seconds
    return after["total"] / pace


if __name__ == "__main__":
    main()
