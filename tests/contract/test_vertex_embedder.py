"""Embeddings by Google's own client: what is sent, in which calls, and what errors become."""

from __future__ import annotations

import math
import socket
import time

import pytest

from common.errors import MisconfiguredError, PermanentError, QuotaError, TransientError
from common.quota import QuotaRules, Wait
from common.stage_rows import DIMENSIONS
from infra.embedding.vertex import TOKENS_PER_CALL, name_of
from infra.sections.embedding import TEXTS_PER_CALL, EmbeddingSettings
from tests.contract.quota_fixtures import bucket_of
from tests.contract.vertex_fixtures import BATCHED, Vertex, running_vertex, vertex

__all__ = ["bucket_of", "running_vertex", "vertex"]

MODELS = [BATCHED, "text-embedding-005", "gemini-embedding-001", "gemini-embedding-2"]


def likeness(first: list[float], second: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("model", MODELS)
def test_every_text_has_its_own_vector_of_length_one(vertex: Vertex, model: str) -> None:
    texts = ["The lease ends in March.", "Der Vertrag endet im März.", "A cat sat on a mat."]
    embedder = vertex.embedder(model)

    vectors = embedder.embed(texts)

    assert [len(each) for each in vectors] == [DIMENSIONS] * 3
    # The first 256 numbers of the model's have another length: it was put right.
    assert [math.hypot(*each) for each in vectors] == pytest.approx([1.0] * 3)
    assert vectors == [embedder.embed([text])[0] for text in texts]
    assert len({tuple(each) for each in vectors}) == 3


@pytest.mark.parametrize("model", MODELS)
def test_a_question_is_nearest_to_the_text_that_answers_it(vertex: Vertex, model: str) -> None:
    embedder = vertex.embedder(model)
    documents = embedder.embed(["the rent is due in March", "the cat is asleep on the roof"])

    [question] = embedder.embed(["when is the rent due"], is_query=True)

    assert likeness(question, documents[0]) > likeness(question, documents[1])


def test_texts_go_by_250_in_a_call_and_come_back_in_order(vertex: Vertex) -> None:
    texts = [f"passage {number}" for number in range(2 * TEXTS_PER_CALL + 1)]
    embedder = vertex.embedder()

    vectors = embedder.embed(texts)

    calls = [call["texts"] for call in vertex.made]
    assert sorted(calls) == [1, TEXTS_PER_CALL, TEXTS_PER_CALL]
    assert vectors[-1] == embedder.embed(texts[-1:])[0]
    assert len(vectors) == len(texts)


def test_long_texts_go_by_their_tokens(vertex: Vertex) -> None:
    text = "considerations " * 400  # about 1,200 tokens as the emulator counts them
    vertex.embedder().embed([text] * 40)

    assert all(call["status"] == "OK" for call in vertex.made)
    assert sum(call["texts"] for call in vertex.made) == 40
    most = max(call["texts"] for call in vertex.made)
    assert 1 < most <= TOKENS_PER_CALL // 1200


def test_of_a_text_without_end_the_beginning_counts(vertex: Vertex) -> None:
    endless = "considerations " * 20_000
    embedder = vertex.embedder()

    assert embedder.embed([endless]) == embedder.embed([endless[:16_000]])
    assert [call["status"] for call in vertex.made] == ["OK", "OK"]


def test_a_gemini_model_gets_one_text_a_call_several_at_once(vertex: Vertex) -> None:
    vertex.controls.update({"latency_per_call_seconds": 0.1})

    vertex.embedder("gemini-embedding-2").embed([f"passage {number}" for number in range(8)])

    assert [call["texts"] for call in vertex.made] == [1] * 8
    assert {call["method"] for call in vertex.made} == {"embedContent"}
    begun = sorted(call["started_at"] for call in vertex.made)
    assert begun[1] < min(call["ended_at"] for call in vertex.made)


def test_more_texts_than_a_call_takes_are_refused_for_good(vertex: Vertex) -> None:
    vertex.controls.update({"max_texts": 5})

    with pytest.raises(PermanentError) as caught:
        vertex.embedder().embed(["text"] * 6)

    assert caught.value.code == "VERTEX_INVALID_ARGUMENT"
    assert len(vertex.made) == 1


def test_nothing_is_asked_about_nothing(vertex: Vertex) -> None:
    assert vertex.embedder().embed([]) == []
    assert vertex.made == []


def test_a_throttled_call_is_waited_for_where_others_were_made_for_it(
    vertex: Vertex, caplog: pytest.LogCaptureFixture
) -> None:
    fault = {"status": "RESOURCE_EXHAUSTED", "retry_after_seconds": 7.5, "times": 1}
    vertex.controls.update({"faults": [fault]})

    vectors = vertex.embedder("gemini-embedding-2").embed(["one", "two", "three"])

    assert len(vectors) == 3
    assert any(7.5 <= wait <= 11.25 for wait in vertex.waits)
    assert "all workers slow down" in caplog.text
    assert sorted(call["status"] for call in vertex.made) == ["OK"] * 3 + ["RESOURCE_EXHAUSTED"]


def test_throttling_that_lasts_sends_the_work_back_with_a_due_time(vertex: Vertex) -> None:
    fault = {"status": "RESOURCE_EXHAUSTED", "retry_after_seconds": 40}
    vertex.controls.update({"faults": [fault]})

    with pytest.raises(QuotaError) as caught:
        vertex.embedder().embed(["one"])

    assert 40 <= caught.value.retry_after_seconds <= 60
    assert caught.value.code == "QUOTA_EXCEEDED"


def test_a_question_is_not_kept_waiting_by_throttling(vertex: Vertex) -> None:
    fault = {"status": "RESOURCE_EXHAUSTED", "retry_after_seconds": 3}
    vertex.controls.update({"faults": [fault]})

    with pytest.raises(QuotaError) as caught:
        vertex.embedder().embed(["when"], is_query=True)

    assert caught.value.retry_after_seconds == 3
    assert vertex.waits == []


def test_all_workers_keep_to_one_number_of_calls_a_minute(vertex: Vertex) -> None:
    rules = QuotaRules(5, horizon=60)
    first = vertex.embedder(rules=rules)
    for number in range(5):
        first.embed([f"passage {number}"])
    assert vertex.bucket is not None
    vertex.bucket.elapse(5)

    with pytest.raises(QuotaError) as caught:
        first.embed(["one more"])

    assert caught.value.code == "QUOTA_AWAITED"
    assert 20 < caught.value.retry_after_seconds <= 57
    assert len(vertex.made) == 5
    vertex.bucket.elapse(caught.value.retry_after_seconds)
    assert len(first.embed(["one more"])) == 1


def test_when_the_service_refuses_all_workers_slow_down(vertex: Vertex) -> None:
    embedder = vertex.embedder(rules=QuotaRules(20))
    for number in range(15):
        embedder.embed([f"passage {number}"])
    vertex.controls.update({"faults": [{"status": "RESOURCE_EXHAUSTED", "times": 1}]})
    with pytest.raises(QuotaError):
        embedder.embed(["a question"], is_query=True)

    # There were tokens left; four fifths of what was used are all there is now.
    assert vertex.bucket is not None
    assert isinstance(vertex.bucket.process().take("another"), Wait)


def test_a_request_that_has_begun_is_ended_beyond_the_minute(vertex: Vertex) -> None:
    # One after the other: two waits side by side would count twice by the test's clock.
    embedder = vertex.embedder("gemini-embedding-2", rules=QuotaRules(6), calls_at_once=1)

    assert len(embedder.embed([f"passage {number}" for number in range(9)])) == 9
    assert vertex.bucket is not None
    assert vertex.bucket.elapsed >= 60


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("UNAVAILABLE", "VERTEX_UNAVAILABLE"),
        ("INTERNAL", "VERTEX_UNAVAILABLE"),
        ("DEADLINE_EXCEEDED", "TASK_TIMEOUT"),
    ],
)
def test_what_may_pass_is_tried_twice_and_no_more(vertex: Vertex, status: str, code: str) -> None:
    vertex.controls.update({"faults": [{"status": status, "times": 1}]})
    assert len(vertex.embedder().embed(["text"])) == 1
    assert [call["status"] for call in vertex.made] == [status, "OK"]

    vertex.controls.forget()
    vertex.controls.update({"faults": [{"status": status}]})
    with pytest.raises(TransientError) as caught:
        vertex.embedder().embed(["text"])

    assert caught.value.code == code
    assert [call["status"] for call in vertex.made] == [status] * 2


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("PERMISSION_DENIED", "VERTEX_PERMISSION_DENIED"),
        ("NOT_FOUND", "VERTEX_NOT_FOUND"),
        ("FAILED_PRECONDITION", "VERTEX_FAILED_PRECONDITION"),
    ],
)
def test_what_an_operator_must_mend_is_said_to_operators(
    vertex: Vertex, status: str, code: str
) -> None:
    vertex.controls.update({"faults": [{"status": status}]})

    with pytest.raises(MisconfiguredError) as caught:
        vertex.embedder().embed(["text"])

    assert caught.value.code == code
    assert "operator" in caught.value.message
    assert len(vertex.made) == 1


def test_a_model_that_there_is_not_is_a_wrong_setting(vertex: Vertex) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        vertex.embedder("text-embedding-of-another-year").embed(["text"])

    assert caught.value.code == "VERTEX_NOT_FOUND"


def test_a_text_that_the_service_refuses_is_never_sent_again(vertex: Vertex) -> None:
    with pytest.raises(PermanentError) as caught:
        vertex.embedder().embed(["  "])

    assert caught.value.code == "VERTEX_INVALID_ARGUMENT"
    assert len(vertex.made) == 1


def test_after_an_error_no_further_call_is_begun(vertex: Vertex) -> None:
    fault = {"status": "INVALID_ARGUMENT", "match": {"text": "passage 0"}, "times": 1}
    vertex.controls.update({"faults": [fault], "latency_per_call_seconds": 0.05})

    with pytest.raises(PermanentError):
        vertex.embedder("gemini-embedding-2").embed([f"passage {number}" for number in range(40)])

    assert len(vertex.made) < 15


def test_a_slow_answer_is_given_up(vertex: Vertex) -> None:
    vertex.controls.update({"latency_per_call_seconds": 30})
    began = time.monotonic()

    with pytest.raises(TransientError) as caught:
        vertex.embedder(timeout_seconds=0.2).embed(["text"])

    assert caught.value.code == "TASK_TIMEOUT"
    assert time.monotonic() - began < 10


def test_a_service_that_is_away_may_come_back(vertex: Vertex) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(TransientError) as caught:
        vertex.embedder(endpoint=f"http://127.0.0.1:{port}").embed(["text"])

    assert caught.value.code == "VERTEX_UNAVAILABLE"


def test_the_name_says_the_model_and_is_known_without_it() -> None:
    settings = EmbeddingSettings(engine="vertex", model="gemini-embedding-2")
    assert name_of(settings) == "vertex-256-gemini-embedding-2"
