"""A day of bursty arrivals: nothing waits long, little is paid for, and nothing flaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest

from common.scaling import Decision, Load, Look, ScalingLimits, decide
from tests.scaling_day import LIMITS, Chunk, Outcome, arrivals, cheapest, play, share

SEEDS = (1, 2)


@cache
def chunks(seed: int) -> list[Chunk]:
    return arrivals(seed)


@cache
def day(seed: int) -> Outcome:
    return play(chunks(seed))


@cache
def steady() -> list[Chunk]:
    return arrivals(4, bursts=0, documents_a_minute=15)


@cache
def steady_day() -> Outcome:
    return play(steady())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_chunk_is_read_and_what_waits_is_begun_within_the_target(seed: int) -> None:
    outcome = day(seed)
    assert len(outcome.waits) >= len(chunks(seed))
    # The target is for what arrives: 95 of 100 in 2 minutes, and all but in 3.
    assert share(outcome.waits, 0.95) <= 135
    assert max(outcome.waits) <= LIMITS.target_age
    # The oldest that waits, as seen at every minute of the day.
    assert share(outcome.ages, 0.95) <= 45


@pytest.mark.parametrize("seed", SEEDS)
def test_it_costs_little_more_than_for_one_who_knows_the_future(seed: int) -> None:
    outcome = day(seed)
    again = outcome.pages_again * LIMITS.reread
    oracle = cheapest(chunks(seed), LIMITS)
    assert outcome.instance_seconds + again <= 1.5 * oracle
    assert outcome.pages_again <= 0.002 * outcome.pages


@pytest.mark.parametrize("seed", SEEDS)
def test_the_number_turns_no_oftener_than_bursts_come(seed: int) -> None:
    # A burst is up and down, and two of the six may fall into one hour.
    assert day(seed).turns_in_an_hour <= 6
    assert len(day(seed).turns) <= 3 * 6


def test_a_steady_stream_without_bursts_makes_hardly_a_turn() -> None:
    outcome = steady_day()
    assert share(outcome.waits, 0.95) <= 100
    assert outcome.turns_in_an_hour <= 5
    assert len(outcome.turns) <= 30
    assert outcome.pages_again <= 0.001 * outcome.pages
    assert outcome.instance_seconds <= 1.6 * cheapest(steady(), LIMITS)


def test_a_rule_without_patience_reads_many_times_as_much_again() -> None:
    """What the patience is there for; and that the play sees what is lost."""

    def hasty(
        load: Load, _current: int | None, looks: Sequence[Look], limits: ScalingLimits
    ) -> Decision:
        return decide(load, None, looks, limits)

    patient, rash = steady_day(), play(steady(), rule=hasty)
    assert rash.pages_again > 10 * patient.pages_again
    assert len(rash.turns) > 3 * len(patient.turns)


def test_with_no_instance_at_rest_a_burst_is_begun_in_time_as_well() -> None:
    limits = replace(LIMITS, fewest=0)
    outcome = play(chunks(1), limits)
    assert max(outcome.waits) <= LIMITS.target_age
    assert min(outcome.numbers) == 0
    assert outcome.turns_in_an_hour <= 12


def test_small_chunks_are_given_no_more_workers_than_the_quota_feeds() -> None:
    # 8,000 documents of a page, 2 s each: 13 minutes' calls, whatever the workers. Once it is
    # known that they are small, 5 instances make all of the calls that there are.
    small = [Chunk(3600.0, 1, 2.0) for _ in range(8000)]
    outcome = play(small)
    assert max(outcome.numbers) <= 15
    assert outcome.numbers[68] <= 7
    assert max(outcome.waits) <= 8000 / 10 + 150


def test_the_oracle_is_cheaper_than_any_fixed_number_that_is_in_time() -> None:
    outcome = play(chunks(1), rule=lambda *_: Decision(20, 20))
    assert max(outcome.waits) <= LIMITS.target_age
    assert cheapest(chunks(1), LIMITS) < outcome.instance_seconds


def test_the_oracle_pays_the_fewest_and_what_they_can_not_read_in_time() -> None:
    # Four at once, until the last may be begun and a second longer.
    work = [Chunk(1000.0, 1, 1.0) for _ in range(1724)]
    beyond = (1724 - 4 * 182) / 4
    assert cheapest(work, LIMITS) == pytest.approx(86_400 + beyond, abs=5)
