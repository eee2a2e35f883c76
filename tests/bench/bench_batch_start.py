"""How soon a batch begins: `python -m tests.bench.bench_batch_start`.

On a whole local stack, with its documents in the bucket beforehand: from the first byte of the
manifest's request to the moment at which a worker has begun with the first chunk, by the one
machine's one clock.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital

#: Documents, and the seconds within which the first is to be under work.
_SIZES: Final = ((1000, 2.0), (10_000, 15.0))


def main() -> None:
    """Print a table: what, measured, target."""
    print(f"{'A batch begins, 2 workers':<62} {'measured':>10} {'target':>9}")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for what, value, target in figures(Path(folder)):
            verdict = ""
            if target is not None:
                verdict = f"<= {target:<5g} {'met' if value <= target else 'MISSED'}"
            print(f"{what:<62} {value:>10.3g} {verdict}", flush=True)


def figures(folder: Path) -> Iterator[tuple[str, float, float | None]]:
    """Yield what was measured, and the aim where there is one."""
    page = folder / "page.pdf"
    write_born_digital(page, ["A page of a batch."])
    options = StackOptions(workers=2)
    with (
        Stack(Home(folder / "home"), options=options) as stack,
        QuireClient(stack) as quire,
        quire.document_ai(instant=True, quota_per_minute=None),
    ):
        # Libraries are loaded and connections open from here on.
        _put(stack, page.read_bytes(), "warm", 20)
        _end(quire, _submit(quire, _by_pattern("warm")).json()["batch_id"])
        for count, target in _SIZES:
            _say(f"putting {count:,} documents into the bucket")
            _put(stack, page.read_bytes(), f"n{count}", count)
            for form, manifest in (
                ("by a pattern", _by_pattern(f"n{count}")),
                ("each by its name", _by_name(f"n{count}", count)),
            ):
                _say(f"{count:,} documents, {form}")
                yield from _measured(quire, form, manifest, count, target)


def _measured(
    quire: QuireClient, form: str, manifest: dict[str, Any], count: int, target: float
) -> Iterator[tuple[str, float, float | None]]:
    begun = datetime.now(UTC)
    answer = _submit(quire, manifest)
    answered = datetime.now(UTC)
    batch_id = answer.json()["batch_id"]
    assert answer.json()["total"] == count
    first = wait_for(lambda: _first_chunk(quire, batch_id), "the first chunk to be begun")
    whole = f"{count:,} documents, {form}"
    yield f"{whole}: first chunk under work, seconds", (first - begun).total_seconds(), target
    yield "  answered, seconds", (answered - begun).total_seconds(), None
    # The next is measured alone.
    quire.http.post(f"/v1/batches/{batch_id}/pause", timeout=120).raise_for_status()
    wait_for(lambda: _is_at_rest(quire, batch_id), "what was under work to end")


def _submit(quire: QuireClient, manifest: dict[str, Any]) -> httpx.Response:
    answer = quire.http.post("/v1/batches", json=manifest, timeout=120)
    assert answer.status_code == 202, answer.text
    return answer


def _end(quire: QuireClient, batch_id: str) -> None:
    def ended() -> bool:
        batch: dict[str, Any] = quire.http.get(f"/v1/batches/{batch_id}").json()
        return batch["finished_at"] is not None

    wait_for(ended, f"batch {batch_id} to end")


def _first_chunk(quire: QuireClient, batch_id: str) -> datetime | None:
    [row] = quire.rows(
        "SELECT min(at) AS at FROM batch_jobs JOIN job_events USING (job_id)"
        " WHERE batch_id = %s AND kind = 'chunk_started'",
        batch_id,
    )
    at: datetime | None = row["at"]
    return at


def _is_at_rest(quire: QuireClient, batch_id: str) -> bool:
    [row] = quire.rows(
        "SELECT count(*) AS leased FROM jobs LEFT JOIN chunks ON chunks.job_id = jobs.id"
        " WHERE batch_id = %s"
        "   AND (chunks.lease_expires_at > now() OR jobs.lease_expires_at > now())",
        batch_id,
    )
    return bool(row["leased"] == 0)


def _by_pattern(folder: str) -> dict[str, Any]:
    return {"documents": [{"uri": f"gs://quire-uploads/batches/alice/{folder}/**/*.pdf"}]}


def _by_name(folder: str, count: int) -> dict[str, Any]:
    names = [_name(folder, number) for number in range(count)]
    return {"documents": [{"uri": f"gs://quire-uploads/{name}"} for name in names]}


def _name(folder: str, number: int) -> str:
    return f"batches/alice/{folder}/box {number // 100:03d}/{number:05d}.pdf"


def _put(stack: Stack, content: bytes, folder: str, count: int) -> None:
    url = f"{stack.endpoints['gcs']}/upload/storage/v1/b/quire-uploads/o?uploadType=media&name="
    with httpx.Client(headers={"Content-Type": "application/pdf"}, timeout=60) as http:

        def put(number: int) -> None:
            # Each is another document.
            own = content + f"% {folder} {number}\n".encode()
            http.post(url + quote(_name(folder, number), safe=""), content=own).raise_for_status()

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(put, range(count)))


def _say(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
