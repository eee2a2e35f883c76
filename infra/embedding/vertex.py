"""Embeddings by one of Vertex AI's models, cut down to 256 numbers.

What a call takes differs by model (docs.cloud.google.com/vertex-ai/generative-ai/docs, "Get text
embeddings" and "Quotas"): 250 texts and 20,000 tokens in all, and of each text its first 2,048;
from the Gemini embedding models the client asks by `embedContent`, which on Vertex AI takes one
text (github.com/googleapis/python-genai/issues/2165).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from common.errors import PermanentError
from common.stage_rows import DIMENSIONS, Vector
from infra.sections.embedding import EmbeddingSettings
from infra.sections.vertex import VertexSettings
from infra.vertex.calls import VertexCalls
from infra.vertex.client import connected

TOKENS_PER_CALL: Final = 20_000
#: Who asks a question waits for the answer.
_QUERY_SECONDS: Final = 10.0
#: More than the model reads of a text, which is 2,048 tokens; of some 8,192.
_LETTERS: Final = 16_000
#: A token of Latin script has four bytes or more, and one of Chinese three.
_BYTES_PER_TOKEN: Final = 3


class VertexEmbedder:
    """Asks one model, within its quota. Safe to share between threads, not forks."""

    def __init__(
        self,
        settings: EmbeddingSettings,
        vertex: VertexSettings,
        calls: VertexCalls,
        *,
        project: str = "",
    ) -> None:
        self.name = name_of(settings)
        self._model = settings.model
        self._texts_per_call = settings.most_texts
        self._query_seconds = min(_QUERY_SECONDS, vertex.timeout_seconds)
        self._client = connected(vertex, project=project, location=settings.location)
        self._calls = calls

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> list[Vector]:
        """Return a vector of length 1 for each text, of which the model reads the beginning.

        Raises QuotaError, TransientError or PermanentError. A question is asked once and for ten
        seconds at most; of anything else each call that breaks off is made a second time.
        """
        texts = [text[:_LETTERS] for text in texts]
        if is_query:
            return [
                vector
                for batch in batches(texts, self._texts_per_call)
                for vector in self._calls.one(batch, self._query, name=batch[0])
            ]
        cut = list(batches(texts, self._texts_per_call))
        answers = self._calls.all(cut, self._documents, about=self._model)
        return [vector for answer in answers for vector in answer]

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _query(self, texts: Sequence[str]) -> list[Vector]:
        from google.genai.types import HttpOptions

        limit = HttpOptions(timeout=round(self._query_seconds * 1000))
        return self._ask(texts, "RETRIEVAL_QUERY", "task: search result | query: ", limit)

    def _documents(self, texts: Sequence[str]) -> list[Vector]:
        return self._ask(texts, "RETRIEVAL_DOCUMENT", "title: none | text: ", None)

    def _ask(self, texts: Sequence[str], task: str, prefix: str, limit: Any) -> list[Vector]:
        from google.genai.types import Content, EmbedContentConfig, Part

        # Gemini Embedding 2 has no field for the task: it stands before the text
        # (ai.google.dev/gemini-api/docs/embeddings, "Task types").
        is_prefixed = self._model.startswith("gemini-embedding-2")
        response = self._client.models.embed_content(
            model=self._model,
            # As contents of their own: bare strings become the parts of one, with one vector.
            contents=[
                Content(parts=[Part(text=f"{prefix}{text}" if is_prefixed else text)])
                for text in texts
            ],
            config=EmbedContentConfig(
                task_type=None if is_prefixed else task,
                output_dimensionality=DIMENSIONS,
                auto_truncate=True,
                http_options=limit,
            ),
        )
        found = [each.values or [] for each in response.embeddings or []]
        if len(found) != len(texts):
            raise _not_as_asked(f"{len(found)} vectors for {len(texts)} texts")
        return [of_length_one(each) for each in found]


def name_of(settings: EmbeddingSettings) -> str:
    """Return what vectors of the same name can be compared by, without loading anything."""
    return f"vertex-{DIMENSIONS}-{settings.model}"


def batches(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """Cut texts into runs that one call may carry, by their number and by their tokens."""
    batch: list[str] = []
    tokens = 0
    for text in texts:
        more = len(text.encode()) // _BYTES_PER_TOKEN + 1
        if batch and (len(batch) == most or tokens + more > TOKENS_PER_CALL):
            yield batch
            batch, tokens = [], 0
        batch.append(text)
        tokens += more
    if batch:
        yield batch


def of_length_one(values: Sequence[float]) -> Vector:
    """Return the vector with length 1, which the first 256 of 3,072 numbers do not have.

    Raises PermanentError for anything but 256 finite numbers that are not all zero.
    """
    if len(values) != DIMENSIONS:
        raise _not_as_asked(f"{len(values)} numbers")
    length = math.sqrt(math.fsum(value * value for value in values))
    if not (math.isfinite(length) and length):
        raise _not_as_asked(f"a vector of length {length}")
    return [value / length for value in values]


def _not_as_asked(found: str) -> PermanentError:
    return PermanentError(
        f"The embedding model answered with {found}; {DIMENSIONS} numbers a text were asked for. "
        "Choose another model with EMBEDDING__MODEL.",
        code="EMBEDDING_NOT_AS_ASKED",
    )
