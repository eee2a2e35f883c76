"""The bucket that all workers share, on a real Valkey."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.quota import Granted, QuotaRules, Wait
from infra.broker.quota import RedisCallQuota
from infra.local.stack import Stack
from tests.contract.quota_fixtures import Bucket, bucket_of, gaps, most_in

__all__ = ["bucket_of"]

Buckets = Callable[[QuotaRules], Bucket]

SIXTY = QuotaRules(60, horizon=60)
#: A minute of half a second, for what has to happen in real time.
FAST = QuotaRules(50, minute=0.5, slack=0.01, horizon=0.5, grace=0.1, regain=5)


def granted(answer: Granted | Wait) -> Granted:
    assert isinstance(answer, Granted), answer
    return answer


def wait(answer: Granted | Wait) -> Wait:
    assert isinstance(answer, Wait), answer
    return answer


def call_for(url: str, name: str, rules: QuotaRules, seconds: float, seed: int) -> list[int]:
    """Call as often as the bucket lets, from four threads; return when the calls started."""

    def work(caller: str) -> list[int]:
        quota = RedisCallQuota(redis, name, rules)
        until, starts = time.monotonic() + seconds, []
        number = 0
        while (left := until - time.monotonic()) > 0:
            answer = quota.take(f"{caller}-{number}")
            if isinstance(answer, Granted):
                starts.append(answer.at)
                number += 1
            else:
                time.sleep(min(answer.seconds, left))
        return starts

    with Redis.from_url(url) as redis, ThreadPoolExecutor(4) as threads:
        lots = threads.map(work, [f"{seed}-{thread}" for thread in range(4)])
        return [at for lot in lots for at in lot]


def test_sixteen_callers_in_four_processes_use_the_quota_and_never_more(
    bucket_of: Buckets, servers: Stack
) -> None:
    bucket = bucket_of(FAST)
    url, seconds = servers.endpoints["redis"], 4.0
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        # All have started before the first calls.
        list(processes.map(time.sleep, [0.1] * 4))
        running = [
            processes.submit(call_for, url, bucket.name, FAST, seconds, seed) for seed in range(4)
        ]
        starts = [at / 1e6 for each in running for at in each.result()]
    assert most_in(FAST.window, starts) <= FAST.calls
    # The rest is what promised callers come too late, and Python's share of a busy machine.
    assert len(starts) >= 0.9 * FAST.calls * (seconds - FAST.window) / FAST.minute


def test_a_new_bucket_fills_as_if_the_minute_before_had_been_used_evenly(
    bucket_of: Buckets,
) -> None:
    bucket = bucket_of(SIXTY)
    process = bucket.process()
    first = wait(process.take("a"))
    assert first.promised
    assert first.seconds == pytest.approx(SIXTY.window / 60, abs=0.05)
    starts = []
    for number in range(60):
        bucket.elapse(SIXTY.window / 60)
        starts.append(bucket.at(granted(process.take("a" if number == 0 else f"b{number}"))))
    assert gaps(starts) == pytest.approx([SIXTY.window / 60] * 59, abs=0.05)


def test_what_was_not_used_may_be_used_at_once_but_a_minute_never_sees_more(
    bucket_of: Buckets,
) -> None:
    bucket = bucket_of(SIXTY)
    process = bucket.fill()
    for number in range(60):
        granted(process.take(f"call {number}"))
    full = wait(process.take("one more"))
    assert not full.promised  # further away than promises reach
    bucket.elapse(3)
    assert wait(process.take("one more")).seconds == pytest.approx(SIXTY.minute - 1, abs=0.2)
    bucket.elapse(SIXTY.minute - 1)
    granted(process.take("one more"))


def test_each_who_waits_has_a_time_of_their_own_and_finds_their_token_then(
    bucket_of: Buckets,
) -> None:
    bucket = bucket_of(SIXTY)
    processes = [bucket.process() for _ in range(16)]
    told = [wait(each.take(f"caller {n}")) for n, each in enumerate(processes)]
    assert all(each.promised for each in told)
    assert gaps([each.seconds for each in told]) == pytest.approx([SIXTY.window / 60] * 15, abs=0.1)
    # They come back in their turn, whoever else asks before.
    for number, each in enumerate(processes):
        bucket.elapse(SIXTY.window / 60)
        assert wait(bucket.process().take(f"newcomer {number}")).seconds > 15
        granted(each.take(f"caller {number}"))


def test_one_who_asks_again_too_early_keeps_their_place(bucket_of: Buckets) -> None:
    bucket = bucket_of(SIXTY)
    process = bucket.process()
    before = [wait(process.take(name)).seconds for name in "abc"]
    again = [wait(process.take(name)).seconds for name in "abc"]
    assert again == pytest.approx(before, abs=0.05)


def test_a_token_is_not_kept_for_ever_for_one_who_does_not_come(bucket_of: Buckets) -> None:
    bucket = bucket_of(SIXTY)
    process = bucket.process()
    assert wait(process.take("gone for good")).promised
    bucket.elapse(SIXTY.window / 60)
    wait(process.take("newcomer"))
    bucket.elapse(SIXTY.grace)
    # Of the five tokens that are there by now, only the newcomer's is kept still.
    for number in range(4):
        granted(process.take(f"another {number}"))
    wait(process.take("one more"))
    granted(process.take("newcomer"))


def test_who_comes_when_all_tokens_are_promised_is_told_to_come_back(bucket_of: Buckets) -> None:
    rules = QuotaRules(60)
    process = bucket_of(rules).process()
    told = [wait(process.take(f"caller {number}")) for number in range(16)]
    assert [each.promised for each in told] == [True] * 9 + [False] * 7
    assert told[-1] == Wait(rules.unpromised, promised=False)
    # Before the promised tokens are gone, or nobody would be there for the next.
    assert rules.unpromised < told[8].seconds


def test_one_who_must_not_come_back_later_passes_by_the_promises(bucket_of: Buckets) -> None:
    bucket = bucket_of(SIXTY)
    process = bucket.process()
    for number in range(30):
        wait(process.take(f"caller {number}"))
    soon = wait(process.take("in the middle", first=True))
    assert soon.seconds == pytest.approx(SIXTY.window / 60, abs=0.1)
    bucket.elapse(SIXTY.window / 60)
    granted(process.take("in the middle", first=True))
    # Who was passed by is the next.
    assert wait(process.take("caller 0")).seconds == pytest.approx(SIXTY.window / 60, abs=0.1)
    bucket.elapse(SIXTY.window / 60)
    granted(process.take("caller 0"))


def test_a_refused_call_slows_all_down_and_they_recover(bucket_of: Buckets) -> None:
    bucket = bucket_of(SIXTY)
    calls = [granted(bucket.fill().take("a"))]
    process = bucket.process()
    calls += [granted(process.take(f"call {number}")) for number in range(49)]
    process.refused(calls[-1])
    # Of the 50 that were on their way, four fifths.
    left = 50 * SIXTY.slower
    for call in calls:
        process.refused(call)  # refused together: that is one reason to slow down
    wait(bucket.process().take("another"))

    def allowed() -> int:
        other, found = bucket.process(), 0
        while isinstance(other.take(f"{bucket.elapsed} {found}"), Granted):
            found += 1
        return found

    minute = SIXTY.calls * SIXTY.window / SIXTY.regain
    bucket.elapse(SIXTY.window + SIXTY.grace)
    assert allowed() == pytest.approx(left + minute, abs=2)
    bucket.elapse(SIXTY.regain)
    assert allowed() == 60


def test_a_service_that_refuses_all_is_still_asked_now_and_then(bucket_of: Buckets) -> None:
    bucket = bucket_of(SIXTY)
    process = bucket.fill()
    for _ in range(30):
        process.refused(granted(process.take("a")))
        bucket.elapse(SIXTY.window)
    started = bucket.elapsed
    while isinstance(answer := process.take("a"), Wait):
        bucket.elapse(answer.seconds)
    assert bucket.elapsed - started <= SIXTY.window


def test_a_lost_bucket_lets_no_second_minute_through(bucket_of: Buckets) -> None:
    bucket = bucket_of(FAST)
    processes = [bucket.process() for _ in range(4)]
    wait(processes[0].take("the first"))
    bucket.elapse(FAST.window + FAST.grace)
    # The minute's calls all at once, as unevenly as can be.
    starts = [
        granted(processes[number % 4].take(f"call {number}")).at for number in range(FAST.calls)
    ]
    bucket.redis.flushall()
    began = time.monotonic()
    number = 0
    while time.monotonic() < began + 3 * FAST.window:
        answer = processes[number % 4].take(f"after {number}", first=True)
        number += 1
        if isinstance(answer, Granted):
            starts.append(answer.at)
    assert most_in(FAST.window, [at / 1e6 for at in starts]) <= FAST.calls
    assert len(starts) >= 2.9 * FAST.calls


def test_a_bucket_lost_in_even_use_goes_on_as_before(bucket_of: Buckets) -> None:
    bucket = bucket_of(FAST)
    processes = [bucket.process() for _ in range(4)]
    starts: list[int] = []

    def call(until: float) -> None:
        while time.monotonic() < until:
            answer = random.choice(processes).take("anyone", first=True)
            if isinstance(answer, Granted):
                starts.append(answer.at)

    began = time.monotonic()
    call(began + 2 * FAST.window)
    bucket.redis.flushall()
    call(began + 5 * FAST.window)
    assert most_in(FAST.window, [at / 1e6 for at in starts]) <= FAST.calls
    assert len(starts) >= 0.9 * 5 * FAST.calls


def test_one_token_wakes_one_of_sixteen(bucket_of: Buckets) -> None:
    bucket = bucket_of(SIXTY)
    processes = [bucket.process() for _ in range(16)]
    wait(processes[0].take("the first"))
    # Six tokens have come back, and the first one's is kept no more.
    bucket.elapse(6.5 * SIXTY.window / 60)
    together = threading.Barrier(16)

    def ask(number: int) -> Granted | Wait:
        together.wait()
        return processes[number].take(f"caller {number}")

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(16)))
    calls = [answer for answer in answers if isinstance(answer, Granted)]
    waits = [answer.seconds for answer in answers if isinstance(answer, Wait)]
    assert len(calls) == 6
    assert len(set(waits)) == len(waits)


def test_without_redis_nobody_calls_and_all_come_back(unused_port: int) -> None:
    with Redis(port=unused_port, retry=Retry(NoBackoff(), 0)) as redis:
        quota = RedisCallQuota(redis, "service", SIXTY)
        answer = wait(quota.take("a"))
        assert not answer.promised
        assert 0 < answer.seconds <= 10
        quota.refused(Granted(1))


def test_a_bucket_is_kept_for_days_and_not_for_ever(bucket_of: Buckets) -> None:
    bucket = bucket_of(SIXTY)
    bucket.process().take("a")
    keys = cast(list[bytes], bucket.redis.keys())
    assert len(keys) == 3
    for key in keys:
        assert 6 * 86400 < bucket.redis.ttl(key) <= 7 * 86400


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 30)),
        st.tuples(st.just("first"), st.integers(0, 30)),
        st.tuples(st.just("elapse"), st.floats(0.01, 30)),
        st.tuples(st.just("refuse"), st.just(0)),
    ),
    max_size=120,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, calls=st.integers(1, 12), full=st.booleans())
def test_whatever_is_asked_no_minute_sees_more_and_no_free_token_is_withheld(
    bucket_of: Buckets,
    steps: list[tuple[str, float]],
    calls: int,
    full: bool,
) -> None:
    rules = QuotaRules(calls)
    bucket = bucket_of(rules)
    process = bucket.fill() if full else bucket.process()
    first = process.take("the first")
    taken = [first] if isinstance(first, Granted) else []
    starts = [bucket.at(each) for each in taken]
    refused = False
    for kind, value in steps:
        if kind == "elapse":
            bucket.elapse(value)
        elif kind == "refuse":
            if taken:
                process.refused(taken[-1])
                refused = True
        else:
            answer = process.take(f"caller {value}", first=kind == "first")
            if isinstance(answer, Granted):
                taken.append(answer)
                starts.append(bucket.at(answer))
            else:
                assert answer.seconds > 0
                if kind == "first" and not refused:
                    # With a promise or without: there is a token again within a minute.
                    assert answer.seconds <= rules.window
    assert most_in(rules.minute, starts) <= calls
    if not refused:
        bucket.elapse(rules.window + rules.grace)
        for number in range(calls):
            granted(process.take(f"afterwards {number}"))
