"""A day of bursty arrivals, played with the rule that scales the workers. See tests/scaling_day.py.

`python -m tests.bench.bench_scaling`

All is counted and nothing timed: the figures are the same on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from common.scaling import Decision, Load, Look, ScalingLimits, decide
from tests.scaling_day import LIMITS, Chunk, Outcome, arrivals, cheapest, play, share

#: Name, bursts of 1,000 documents, other documents a minute on average, and the limits.
DAYS: Final = (
    ("6 bursts, 4 documents a minute", 6, 4.0, LIMITS),
    ("12 bursts, 30 documents a minute", 12, 30.0, LIMITS),
    ("no bursts, 30 documents a minute", 0, 30.0, LIMITS),
    ("6 bursts, nothing kept running", 6, 4.0, replace(LIMITS, fewest=0)),
    ("6 bursts, 10 instances at most", 6, 4.0, replace(LIMITS, most=10)),
)


def hasty(
    load: Load, _current: int | None, looks: Sequence[Look], limits: ScalingLimits
) -> Decision:
    """Ask for what is enough now, up and down."""
    return decide(load, None, looks, limits)


def main() -> None:
    """Print a table, a day a line: the rule, and the same without its patience."""
    print(
        f"{'A day of the workers (waits in s; cost over the oracle)':<56}{'p50':>5}{'p95':>5}"
        f"{'max':>5}{'cost':>7}{'+again':>7}{'again':>7}{'turns':>6}{'/h':>4}{'peak':>5}"
    )
    for name, bursts, documents, limits in DAYS:
        chunks = arrivals(1, bursts=bursts, documents_a_minute=documents)
        oracle = cheapest(chunks, limits)
        for line in lines(name, chunks, limits, oracle):
            print(line, flush=True)


def lines(
    name: str, chunks: Sequence[Chunk], limits: ScalingLimits, oracle: float
) -> Iterator[str]:
    """Yield what the rule makes of the day, and what it would make of it without patience."""
    yield _line(f"{name}, {len(chunks):,} chunks", play(chunks, limits), limits, oracle)
    yield _line("  without patience", play(chunks, limits, rule=hasty), limits, oracle)


def _line(name: str, outcome: Outcome, limits: ScalingLimits, oracle: float) -> str:
    waits = outcome.waits
    again = outcome.pages_again * limits.reread
    return (
        f"{name:<56}{share(waits, 0.5):>5.0f}{share(waits, 0.95):>5.0f}{max(waits):>5.0f}"
        f"{outcome.instance_seconds / oracle:>7.2f}"
        f"{(outcome.instance_seconds + again) / oracle:>7.2f}"
        f"{outcome.pages_again / outcome.pages:>7.2%}"
        f"{len(outcome.turns):>6}{outcome.turns_in_an_hour:>4}{max(outcome.numbers):>5}"
    )


if __name__ == "__main__":
    main()
