"""Calls of one request: those that were paid for are not paid twice, and all end together."""

from __future__ import annotations

import time

import pytest

from common.errors import PermanentError, QuotaError, TransientError
from common.quota import QuotaRules
from tests.contract.quota_fixtures import bucket_of
from tests.contract.vertex_fixtures import Vertex, running_vertex, vertex

__all__ = ["bucket_of", "running_vertex", "vertex"]

ONE_BY_ONE = "gemini-embedding-2"
PASSAGES = [f"passage {number}" for number in range(5)]
FOR_LONG = 1000


def statuses(vertex: Vertex) -> list[str]:
    return [call["status"] for call in vertex.made]


def test_who_comes_back_asks_only_for_the_rest(vertex: Vertex) -> None:
    embedder = vertex.embedder(ONE_BY_ONE, calls_at_once=1)
    expected = embedder.embed(PASSAGES)
    vertex.controls.forget()
    fault = {
        "status": "RESOURCE_EXHAUSTED",
        "match": {"text": "passage 3"},
        "times": 1,
        "retry_after_seconds": FOR_LONG,
    }
    vertex.controls.update({"faults": [fault]})
    with pytest.raises(QuotaError) as caught:
        embedder.embed(PASSAGES)
    assert caught.value.retry_after_seconds >= FOR_LONG
    assert statuses(vertex) == ["OK"] * 3 + ["RESOURCE_EXHAUSTED"]
    vertex.controls.forget()

    assert embedder.embed(PASSAGES) == expected

    assert statuses(vertex) == ["OK"] * 2


def test_what_has_been_answered_in_whole_is_not_kept(vertex: Vertex) -> None:
    embedder = vertex.embedder(ONE_BY_ONE)
    embedder.embed(PASSAGES)
    vertex.controls.forget()

    embedder.embed(PASSAGES)

    assert statuses(vertex) == ["OK"] * 5


def test_what_was_answered_when_a_call_broke_off_is_kept_too(vertex: Vertex) -> None:
    embedder = vertex.embedder(ONE_BY_ONE, calls_at_once=1)
    fault = {"status": "UNAVAILABLE", "match": {"text": "passage 4"}, "times": 2}
    vertex.controls.update({"faults": [fault]})
    with pytest.raises(TransientError):
        embedder.embed(PASSAGES)
    vertex.controls.forget()

    embedder.embed(PASSAGES)

    assert statuses(vertex) == ["OK"]


def test_sentences_that_were_halved_are_not_asked_about_whole_again(vertex: Vertex) -> None:
    sentences = [f"The w0rd number {number}." for number in range(4)]
    fault = {
        "status": "RESOURCE_EXHAUSTED",
        "match": {"nth_call": 3},
        "retry_after_seconds": FOR_LONG,
    }
    vertex.controls.update({"answer": '["of another number"]', "faults": [fault]})
    normalizer = vertex.normalizer(calls_at_once=1)
    with pytest.raises(QuotaError):
        normalizer.normalize(sentences, "en")
    # The whole and the first half, neither with a usable answer.
    assert statuses(vertex) == ["OK", "OK", "RESOURCE_EXHAUSTED"]
    vertex.controls.forget()
    vertex.controls.update({"answer": None, "faults": []})

    found = normalizer.normalize(sentences, "en")

    # The second half, and the sentences of the first.
    assert found == [f"The word number {number}." for number in range(4)]
    assert statuses(vertex) == ["OK"] * 3


def test_an_answer_is_kept_for_the_same_language_only(vertex: Vertex) -> None:
    sentences = [f"The w0rd number {number}." for number in range(80)]
    fault = {
        "status": "RESOURCE_EXHAUSTED",
        "match": {"text": "number 40."},
        "times": 1,
        "retry_after_seconds": FOR_LONG,
    }
    vertex.controls.update({"faults": [fault]})
    normalizer = vertex.normalizer()
    with pytest.raises(QuotaError):
        normalizer.normalize(sentences, "en")
    vertex.controls.forget()

    normalizer.normalize(sentences, "fr")
    assert statuses(vertex) == ["OK"] * 2

    normalizer.normalize(sentences, "en")
    assert statuses(vertex) == ["OK"] * 3


def test_a_request_that_gets_on_is_ended_however_slowly(vertex: Vertex) -> None:
    # Two calls a minute: more than 90 seconds, and never so long without an answer.
    embedder = vertex.embedder(ONE_BY_ONE, rules=QuotaRules(2), calls_at_once=1)

    assert len(embedder.embed(PASSAGES)) == 5

    assert vertex.bucket is not None
    assert vertex.bucket.elapsed > 62 * 2
    assert statuses(vertex) == ["OK"] * 5


def test_a_request_that_gets_on_waits_no_longer_than_a_task_may_take(vertex: Vertex) -> None:
    embedder = vertex.embedder(ONE_BY_ONE, rules=QuotaRules(2), calls_at_once=1)
    texts = [f"passage {number}" for number in range(20)]
    assert vertex.bucket is not None
    began = vertex.bucket.elapsed

    with pytest.raises(QuotaError):
        embedder.embed(texts)
    assert vertex.bucket.elapsed - began <= 240
    answered = len(vertex.made)
    assert answered >= 6
    vertex.bucket.elapse(62)

    # It comes back twice, and no text is paid for twice.
    with pytest.raises(QuotaError):
        embedder.embed(texts)
    vertex.bucket.elapse(62)
    assert len(embedder.embed(texts)) == 20
    assert statuses(vertex) == ["OK"] * 20


def test_a_request_that_does_not_get_on_goes_back_though_it_has_begun(vertex: Vertex) -> None:
    fault = {
        "status": "RESOURCE_EXHAUSTED",
        "match": {"text": "passage 2"},
        "retry_after_seconds": 20,
    }
    vertex.controls.update({"faults": [fault]})
    embedder = vertex.embedder(ONE_BY_ONE, calls_at_once=1)

    with pytest.raises(QuotaError):
        embedder.embed(PASSAGES)

    assert sum(vertex.waits) <= 90
    assert vertex.made[1]["status"] == "OK"


def test_calls_that_wait_for_tokens_end_with_the_one_that_failed(vertex: Vertex) -> None:
    """By real time: the waiting ones would have had their tokens 20 seconds later."""
    fault = {"status": "INVALID_ARGUMENT", "match": {"text": "passage 0"}, "times": 1}
    vertex.controls.update({"faults": [fault], "latency_per_call_seconds": 0.3})
    vertex.waits_really = True
    embedder = vertex.embedder(ONE_BY_ONE, rules=QuotaRules(2, minute=20, slack=0))
    began = time.monotonic()

    with pytest.raises(PermanentError):
        embedder.embed(PASSAGES)

    assert time.monotonic() - began < 15
    assert len(vertex.made) == 2


def test_calls_that_wait_to_be_made_again_end_with_the_one_that_failed(vertex: Vertex) -> None:
    faults = [
        {
            "status": "RESOURCE_EXHAUSTED",
            "match": {"text": "passage 1"},
            "times": 1,
            "retry_after_seconds": 20,
        },
        {"status": "INVALID_ARGUMENT", "match": {"text": "passage 0"}, "times": 1},
    ]
    vertex.controls.update({"faults": faults, "latency_per_call_seconds": 0.3})
    vertex.waits_really = True
    embedder = vertex.embedder(ONE_BY_ONE)
    began = time.monotonic()

    with pytest.raises(PermanentError):
        embedder.embed(PASSAGES[:2])

    assert time.monotonic() - began < 15
    assert sorted(statuses(vertex)) == ["INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"]
