"""Questions about texts to a Gemini model, answered as JSON of a given shape.

The texts are a stranger's. They go to the model as strings of a JSON object, apart from the
instruction, which says that they are never to be followed; and what comes back is checked by the
caller against the texts themselves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from infra.sections.vertex import VertexSettings
from infra.vertex.calls import VertexCalls
from infra.vertex.client import connected

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: Of one answer: what we ask is never longer than its question, and a model that has begun to
#: repeat itself is stopped.
_TOKENS: Final = 8192


class StructuredModel:
    """Asks one model, within its quota. Safe to share between threads, not forks."""

    def __init__(
        self, model: str, vertex: VertexSettings, calls: VertexCalls, *, project: str = ""
    ) -> None:
        self._model = model
        self._client = connected(vertex, project=project)
        self._calls = calls

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def ask(
        self,
        batches: Sequence[Sequence[str]],
        *,
        instruction: str,
        prompt: Callable[[Sequence[str]], Mapping[str, object]],
        schema: Callable[[int], Mapping[str, object]],
        read: Callable[[object, Sequence[str]], Answer | None],
    ) -> list[list[tuple[Sequence[str], Answer | None]]]:
        """Return for each batch its texts in order, in one piece or several, with their answers.

        `read` makes an answer of the JSON, or None where it is not as asked. A batch without a
        usable answer is halved and asked again; a text alone without one has None: it was blocked,
        or the model does not do as it is told. Raises as VertexCalls.
        """
        found: dict[tuple[int, int], tuple[Sequence[str], Answer | None]] = {}
        waiting = [(place, 0, batch) for place, batch in enumerate(batches)]

        def call(texts: Sequence[str]) -> Answer | None:
            said = self._said(instruction, prompt(texts), schema(len(texts)))
            return None if said is None else read(said, texts)

        about = json.dumps([self._model, instruction, prompt([])])
        with self._calls.request(about) as request:
            while waiting:
                answers = request.all([texts for _, _, texts in waiting], call)
                again: list[tuple[int, int, Sequence[str]]] = []
                for (place, start, texts), answer in zip(waiting, answers, strict=True):
                    if answer is None and len(texts) > 1:
                        half = len(texts) // 2
                        again += [(place, start, texts[:half]), (place, start + half, texts[half:])]
                        continue
                    if answer is None:
                        log.warning("a model gave no usable answer", extra={"model": self._model})
                    found[place, start] = (texts, answer)
                waiting = again
        return [
            [found[key] for key in sorted(found) if key[0] == place]
            for place in range(len(batches))
        ]

    def _said(
        self, instruction: str, prompt: Mapping[str, object], schema: Mapping[str, object]
    ) -> object | None:
        """Return the answer's JSON; None where the model refused, broke off or wrote none."""
        from google.genai.types import GenerateContentConfig

        config: dict[str, Any] = {
            "system_instruction": instruction,
            "temperature": 0.0,
            "candidate_count": 1,
            "max_output_tokens": _TOKENS,
            "response_mime_type": "application/json",
            "response_schema": schema,
            "automatic_function_calling": {"disable": True},
        }
        response = self._client.models.generate_content(
            model=self._model,
            contents=json.dumps(prompt, ensure_ascii=False),
            config=GenerateContentConfig.model_validate(config),
        )
        candidate = response.candidates[0] if response.candidates else None
        reason = candidate.finish_reason if candidate else None
        if candidate is None or candidate.content is None or reason is None or reason != "STOP":
            return None
        text = "".join(
            part.text or "" for part in candidate.content.parts or [] if not part.thought
        )
        try:
            said: object = json.loads(text)
        except ValueError:
            return None
        return said


def batches_of(texts: Sequence[str], *, most: int, letters: int) -> Iterator[Sequence[str]]:
    """Cut texts into runs of at most so many, and so many letters where more than one."""
    start = used = 0
    for place, text in enumerate(texts):
        if place > start and (place - start == most or used + len(text) > letters):
            yield texts[start:place]
            start, used = place, 0
        used += len(text)
    if start < len(texts):
        yield texts[start:]
