"""The rule that scales the workers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from common.scaling import Decision, Load, Look, ScalingLimits, decide
from tests.scaling_day import LIMITS

#: Plenty of looks that found nothing to do.
IDLE = [Look(60.0 * minute, LIMITS.fewest) for minute in range(1, 60)]

loads = st.builds(
    Load,
    waiting_pages=st.integers(0, 2_000_000),
    processing=st.integers(0, 2000),
    processing_pages=st.integers(0, 60_000),
    oldest_seconds=st.floats(0, 1e6),
    read_chunks=st.integers(0, 500),
    read_pages=st.integers(0, 15_000),
    read_seconds=st.floats(0, 100_000),
)
limit_sets = st.builds(
    ScalingLimits,
    fewest=st.integers(0, 5),
    most=st.integers(5, 500),
    slots=st.integers(1, 32),
    target_age=st.floats(60, 3600),
    start=st.floats(0, 300),
    cool_down=st.floats(0, 1800),
    calls_per_minute=st.integers(1, 10_000),
    reread=st.floats(0, 1000),
)
histories = st.lists(st.builds(Look, st.floats(0, 3600), st.integers(0, 500)), max_size=70)
numbers = st.none() | st.integers(0, 600)


def read_of_late(seconds_per_page: float, pages: int = 25) -> Load:
    """Nothing to do now, after chunks of so many pages."""
    return Load(
        read_chunks=500, read_pages=500 * pages, read_seconds=500 * pages * seconds_per_page
    )


# ── always ───────────────────────────────────────────────────────────────────────────────────


@given(loads, numbers, histories, limit_sets)
def test_the_number_is_within_the_limits_and_never_less_than_what_is_enough(
    load: Load, current: int | None, looks: list[Look], limits: ScalingLimits
) -> None:
    decision = decide(load, current, looks, limits)
    assert limits.fewest <= decision.enough <= decision.wanted <= limits.most


@given(loads, numbers, histories, limit_sets, st.integers(0, 100_000), st.floats(0, 10_000))
def test_more_that_waits_or_waits_longer_never_means_fewer(
    load: Load,
    current: int | None,
    looks: list[Look],
    limits: ScalingLimits,
    pages: int,
    seconds: float,
) -> None:
    before = decide(load, current, looks, limits)
    more = replace(load, waiting_pages=load.waiting_pages + pages)
    older = replace(load, oldest_seconds=load.oldest_seconds + seconds)
    for worse in (more, older):
        after = decide(worse, current, looks, limits)
        assert after.enough >= before.enough
        assert after.wanted >= before.wanted


@given(loads, numbers, histories, limit_sets)
def test_what_is_being_read_keeps_its_instances_up_to_the_most(
    load: Load, current: int | None, looks: list[Look], limits: ScalingLimits
) -> None:
    wanted = decide(load, current, looks, limits).wanted
    assert wanted * limits.slots >= min(load.processing, limits.most * limits.slots)


@given(loads, st.integers(0, 600), histories, limit_sets)
def test_what_was_just_decided_is_decided_again(
    load: Load, current: int, looks: list[Look], limits: ScalingLimits
) -> None:
    limits = replace(limits, cool_down=max(1.0, limits.cool_down))
    first = decide(load, current, looks, limits)
    looks = [*looks, Look(0.0, first.enough)]
    assert decide(load, first.wanted, looks, limits).wanted == first.wanted


@example(Load(), [Look(3600.0, 1), Look(3600.0, 2)], LIMITS)
@given(loads, histories, limit_sets)
def test_the_history_is_a_set_of_looks_in_no_order(
    load: Load, looks: list[Look], limits: ScalingLimits
) -> None:
    there = decide(load, limits.most, looks, limits)
    assert decide(load, limits.most, looks[::-1], limits) == there


@given(loads, st.integers(1, 40))
def test_a_constant_load_goes_up_once_at_most_and_then_down_at_most(load: Load, begun: int) -> None:
    """No flapping: played for two hours of looks."""
    current, looks, steps = begun, list[Look](), list[int]()
    for _ in range(120):
        decision = decide(load, current, looks, LIMITS)
        steps.append(decision.wanted - current)
        current = decision.wanted
        looks = [
            Look(60.0, decision.enough),
            *(Look(look.seconds_ago + 60, look.enough) for look in looks[:60]),
        ]
    changes = [step for step in steps if step]
    assert len(changes) <= 1
    # Up at the first look or not at all.
    assert all(step <= 0 for step in steps[1:])


@given(loads, st.integers(2, 40), st.lists(st.booleans(), min_size=5, max_size=60))
def test_a_load_that_comes_and_goes_within_the_cool_down_moves_nothing_down(
    load: Load, current: int, busy: list[bool]
) -> None:
    full = decide(load, None, [], LIMITS).enough
    assume(full >= current)
    looks = [Look(1.0 + 50 * minute, full if on else 1) for minute, on in enumerate(busy)]
    assume(looks[0].enough == full)
    assert decide(Load(), full, looks, LIMITS).wanted == full


# ── up ───────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_is_given_as_many_instances_as_begin_it_within_the_target() -> None:
    load = replace(read_of_late(0.8), waiting_pages=20_000, oldest_seconds=30)
    decision = decide(load, 1, IDLE, LIMITS)
    # 20,000 pages at 0.8 s, by 4 at once, within the 120 s that are left of 180.
    assert decision.wanted == pytest.approx(20_000 * 0.8 / 4 / 120, abs=1.5)


def test_a_backlog_that_is_too_old_is_caught_up_with_and_not_by_everything_at_once() -> None:
    old = replace(read_of_late(0.8), waiting_pages=2000, oldest_seconds=1e6)
    assert decide(old, 1, IDLE, LIMITS).wanted == 9


def test_no_more_instances_than_the_quota_feeds() -> None:
    waiting = replace(read_of_late(0.8, pages=1), waiting_pages=1_000_000)
    # A call takes about a second, so 10 processes make 600 calls a minute.
    assert decide(waiting, 1, IDLE, replace(LIMITS, most=500)).wanted <= 4
    twice = replace(LIMITS, most=500, calls_per_minute=1200)
    assert decide(waiting, 1, IDLE, twice).wanted > 4


def test_the_quota_ends_no_instance_that_reads() -> None:
    busy = replace(read_of_late(0.8, pages=1), processing=100, processing_pages=100)
    assert decide(busy, 25, IDLE, LIMITS).wanted == 25


def test_before_anything_was_read_pages_are_taken_for_a_second_each() -> None:
    assert Load().seconds_per_page == 1.0
    assert Load().pages_per_chunk == 25.0
    # A single odd chunk does not count for all.
    assert Load(read_chunks=1, read_pages=1, read_seconds=60).seconds_per_page < 2


# ── down ─────────────────────────────────────────────────────────────────────────────────────


def test_a_number_that_nobody_knows_is_set_to_what_is_enough() -> None:
    assert decide(Load(), None, [], LIMITS) == Decision(enough=1, wanted=1)


def test_nothing_goes_before_the_cool_down_is_over() -> None:
    looks = [Look(59.0, 1), Look(119.0, 10)]
    assert decide(Load(), 10, looks, LIMITS).wanted == 10
    assert decide(Load(), 10, [Look(60.0, 1), *looks], LIMITS).wanted == 1


def test_without_looks_that_reach_back_far_enough_nothing_goes() -> None:
    assert decide(Load(), 10, [], LIMITS).wanted == 10
    assert decide(Load(), 10, [Look(59.0, 1)], LIMITS).wanted == 10


def test_it_goes_down_to_the_most_that_was_enough_of_late() -> None:
    assert decide(Load(), 10, [Look(30, 4), Look(60, 1), Look(120, 9)], LIMITS).wanted == 4


def test_the_more_would_be_read_again_the_longer_instances_stay() -> None:
    reading = replace(read_of_late(0.8), processing=10, processing_pages=250)
    looks = [Look(60.0 * minute, 3) for minute in range(1, 20)]
    # 6.25 pages an instance, of which two thirds would be lost, at 35 s: 60 + 142 s.
    assert decide(reading, 40, [*looks[:3], Look(240, 40)], LIMITS).wanted == 40
    assert decide(reading, 40, [*looks[:4], Look(300, 40)], LIMITS).wanted == 3
    # 62 pages an instance are worth longer than the half hour that is the longest.
    assert decide(reading, 4, looks, LIMITS).wanted == 4
    half_an_hour = [Look(60.0 * minute, 3) for minute in range(1, 31)]
    assert decide(reading, 4, half_an_hour, LIMITS).wanted == 3


def test_the_last_instance_stays_ten_minutes() -> None:
    limits = replace(LIMITS, fewest=0)
    nothing = [Look(60.0 * minute, 0) for minute in range(1, 10)]
    assert decide(Load(), 3, [*nothing, Look(600, 1)], limits).wanted == 1
    assert decide(Load(), 1, [*nothing, Look(600, 1)], limits).wanted == 1
    assert decide(Load(), 1, [*nothing, Look(600, 0)], limits).wanted == 0
    assert decide(replace(Load(), waiting_pages=1), 0, nothing, limits).wanted == 1


def test_a_lower_limit_of_the_operators_counts_at_once() -> None:
    busy = replace(Load(), processing=160, processing_pages=4000)
    assert decide(busy, 40, [], replace(LIMITS, most=10)).wanted == 10
    assert decide(Load(), 0, [], replace(LIMITS, fewest=2)).wanted == 2
