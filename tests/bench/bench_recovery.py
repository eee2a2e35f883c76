"""A batch through an outage: a tenth of what is asked for fails, and is recovered.

`python -m tests.bench.bench_recovery`

While Document AI is away, a tenth of the documents can't be read however often they are tried; two
in a hundred hold a page that it never reads, and one in a hundred is no PDF. Then it is back.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.bench.unlike_pdfs import unlike
from tests.e2e.batch_client import begin, calls, ended, look_at, put_folder, skipped_of, submit
from tests.e2e.quire_client import QuireClient

DOCUMENTS = 200
WORKERS = 4
TRIES = 3
UNLUCKY, POISON = "Unglueckstag", "Giftschrank"
_PATIENCE = 1800.0


def main() -> None:
    """Print what was lost, what the recovery did, and what it left alone."""
    print(f"An outage under a batch of {DOCUMENTS} documents, {WORKERS} workers")
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        for line in lines(Path(folder)):
            print(line, flush=True)


def lines(folder: Path) -> Iterator[str]:
    """Yield the report line by line."""
    unlucky = dict.fromkeys(range(0, DOCUMENTS, 10), UNLUCKY)
    poisoned = dict.fromkeys(range(7, DOCUMENTS, 50), POISON)
    documents = dict(unlike(folder, "outage", DOCUMENTS, unlucky | poisoned))
    for number in range(3, DOCUMENTS, 100):
        documents[f"{number:05d}.pdf"] = b"This is no PDF."
    options = StackOptions(workers=WORKERS, extra_env={"RETRIES__BASE_SECONDS": "0.2"})
    with (
        Stack(Home(folder / "home"), options=options) as stack,
        QuireClient(stack) as quire,
        quire.document_ai(quota_per_minute=None, poison=POISON),
    ):
        where = put_folder(quire, documents)
        outage = [{"status": "UNAVAILABLE", "match": {"page_text": UNLUCKY}}]
        with quire.document_ai(faults=outage):
            origin = submit(quire, where)
            lost = ended(quire, origin, patience=_PATIENCE)
        made = calls(quire)
        away = sum(call["status"] == "UNAVAILABLE" for call in made)
        tried, chunks = away // TRIES, len(made) - away + away // TRIES
        yield (
            f"  during it: {lost['completed']} of {lost['total']} completed; {tried} of {chunks} "
            f"chunks failed at each of {TRIES} tries ({tried / chunks:.0%})"
        )
        began = time.monotonic()
        recovery = begin(quire, origin, "recover", strategy="selective")
        answered = time.monotonic() - began
        after = ended(quire, recovery, patience=_PATIENCE)
        took = time.monotonic() - began
        healed = look_at(quire, origin)
        yield (
            f"  recovered: {after['completed']} of {after['total']} completed "
            f"({after['completed'] / after['total']:.0%}) by {len(calls(quire)) - len(made)} "
            f"calls; begun in {answered * 1000:.0f} ms, over in {took:.1f} s"
        )
        skipped = skipped_of(quire, recovery)
        codes = Counter(each["code"] for each in skipped)
        named = ", ".join(f"{count} {code}" for code, count in sorted(codes.items()))
        yield f"  left alone, each named: {len(skipped)} ({named})"
        yield f"  the batch then: {healed['completed']} of {healed['total']} completed"


if __name__ == "__main__":
    main()
