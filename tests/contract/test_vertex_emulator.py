"""The emulator of Vertex AI: its limits and refusals, by plain HTTP and by Google's client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from google.genai import Client
from google.genai.errors import ClientError
from google.genai.types import Content, EmbedContentConfig, Part

from infra.local.emulators.vertex_ai import Controls
from infra.vertex.client import connected
from tests.contract.quota_fixtures import bucket_of
from tests.contract.vertex_fixtures import Vertex, running_vertex, vertex

__all__ = ["bucket_of", "running_vertex", "vertex"]

MODELS = "v1/projects/quire-test/locations/global/publishers/google/models"


def post(vertex: Vertex, target: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{vertex.address}/{MODELS}/{target}",
        json=body,
        headers={"Authorization": "Bearer any", **headers},
        trust_env=False,
    )


@pytest.fixture
def client(vertex: Vertex) -> Client:
    return vertex.closing.enter_context(connected(vertex.settings(), project="quire-test"))


def refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["status"]


def test_a_call_without_a_token_is_refused(vertex: Vertex) -> None:
    answer = post(vertex, "text-embedding-005:predict", {}, Authorization="")
    assert refused(answer) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("text-embedding-001:predict", (404, "NOT_FOUND")),
        ("text-embedding-005:fly", (404, "NOT_FOUND")),
        ("text-embedding-005:embedContent", (400, "INVALID_ARGUMENT")),
        ("gemini-embedding-3:embedContent", (404, "NOT_FOUND")),
    ],
)
def test_a_model_or_method_that_there_is_not_is_refused(
    vertex: Vertex, target: str, expected: tuple[int, str]
) -> None:
    assert refused(post(vertex, target, {"instances": []})) == expected


def test_each_model_has_its_own_way_to_be_asked(vertex: Vertex) -> None:
    content = {"content": {"parts": [{"text": "words"}]}}
    instances = {"instances": [{"content": "words"}]}
    expected = (400, "FAILED_PRECONDITION")
    assert refused(post(vertex, "text-embedding-005:embedContent", content)) == expected
    assert refused(post(vertex, "gemini-embedding-2:predict", instances)) == expected
    assert post(vertex, "gemini-embedding-001:predict", instances).is_success


def test_251_texts_are_one_too_many(vertex: Vertex) -> None:
    texts = [{"content": "word"}] * 251
    assert post(vertex, "text-embedding-005:predict", {"instances": texts[:250]}).is_success
    answer = post(vertex, "text-embedding-005:predict", {"instances": texts})
    assert refused(answer) == (400, "INVALID_ARGUMENT")


def test_20000_tokens_are_the_most(vertex: Vertex) -> None:
    def ask(texts: int) -> httpx.Response:
        instances = [{"content": "word " * 2000}] * texts
        return post(vertex, "text-embedding-005:predict", {"instances": instances})

    assert ask(10).is_success
    assert refused(ask(11)) == (400, "INVALID_ARGUMENT")


def test_a_long_text_is_cut_off_unless_that_is_forbidden(client: Client) -> None:
    def embed(*, auto_truncate: bool) -> None:
        client.models.embed_content(
            model="gemini-embedding-2",
            contents="word " * 2100,
            config=EmbedContentConfig(auto_truncate=auto_truncate),
        )

    embed(auto_truncate=True)
    with pytest.raises(ClientError):
        embed(auto_truncate=False)


@pytest.mark.parametrize(("dimensions", "length"), [(None, 3072), (256, 256), (768, 768)])
def test_there_are_as_many_numbers_as_asked(
    client: Client, dimensions: int | None, length: int
) -> None:
    answer = client.models.embed_content(
        model="gemini-embedding-2",
        contents="A text.",
        config=EmbedContentConfig(output_dimensionality=dimensions),
    )

    assert answer.embeddings is not None
    assert [len(each.values or []) for each in answer.embeddings] == [length]


def test_more_numbers_than_the_model_has_are_refused(client: Client) -> None:
    with pytest.raises(ClientError):
        client.models.embed_content(
            model="gemini-embedding-2",
            contents="A text.",
            config=EmbedContentConfig(output_dimensionality=5000),
        )


def test_several_texts_for_a_gemini_model_are_refused_unless_switched_on(
    vertex: Vertex, client: Client
) -> None:
    contents = [Content(parts=[Part(text=text)]) for text in ("one", "two")]
    with pytest.raises(ClientError) as caught:
        client.models.embed_content(model="gemini-embedding-2", contents=contents)
    assert caught.value.code == 400

    vertex.controls.update({"max_gemini_texts": 2})
    answer = client.models.embed_content(model="gemini-embedding-2", contents=contents)

    assert answer.embeddings is not None
    assert len(answer.embeddings) == 2
    assert {call["method"] for call in vertex.made} == {"batchEmbedContents"}


def test_each_model_has_a_quota_of_its_own(vertex: Vertex) -> None:
    vertex.controls.update({"quota_per_minute": 2})
    body = {"instances": [{"content": "words"}]}

    first = [post(vertex, "text-embedding-005:predict", body).status_code for _ in range(3)]
    other = post(vertex, "text-multilingual-embedding-002:predict", body).status_code

    assert (first, other) == ([200, 200, 429], 200)


def test_a_conversation_gets_a_remark_and_no_list(client: Client) -> None:
    answer = client.models.generate_content(model="gemini-3.5-flash-lite", contents="Hello!")

    assert answer.text
    assert not answer.text.startswith("[")


def test_a_body_that_is_no_request_is_refused(vertex: Vertex) -> None:
    bodies: list[Any] = [[], {"instances": "none"}, "text"]
    for body in bodies:
        answer = post(vertex, "text-embedding-005:predict", body)
        assert refused(answer) == (400, "INVALID_ARGUMENT")


def test_switches_that_there_are_not_set_none() -> None:
    controls = Controls()
    with pytest.raises(ValueError, match="left as they are"):
        controls.update({"max_texts": 3, "colour": "green"})
    assert controls.as_dict() == Controls().as_dict()


def test_a_fault_strikes_where_it_is_told(vertex: Vertex) -> None:
    match = {"method": "predict", "text": "poison", "nth_call": 2}
    vertex.controls.update({"faults": [{"status": "INTERNAL", "match": match}]})

    def ask(text: str) -> int:
        body = {"instances": [{"content": text}]}
        return post(vertex, "text-embedding-005:predict", body).status_code

    assert [ask("poison"), ask("poison"), ask("poison"), ask("water")] == [200, 500, 200, 200]
