"""The paths of Vertex AI's publisher models, as Google's client calls them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local.emulators.vertex_ai import refusals, requests
from infra.local.emulators.vertex_ai.controls import Call, Controls
from infra.local.emulators.vertex_ai.faults import Facts
from infra.local.emulators.vertex_ai.gemini import answered
from infra.local.emulators.vertex_ai.refusals import Refusal
from infra.local.emulators.vertex_ai.vectors import DIMENSIONS, TOKENS_READ, tokens_of, vector

_MODELS: Final = "/{version}/projects/{project}/locations/{location}/publishers/google/models"
_Answer = tuple[list[str], Callable[[], dict[str, Any]]]


def create_app(controls: Controls) -> Starlette:
    """Return the application."""
    service = _Service(controls)
    return Starlette(
        routes=[
            Route(f"{_MODELS}/{{target}}", service.called, methods=["POST"]),
            Route("/{version}/publishers/google/models/{model}", service.model),
        ]
    )


class _Service:
    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._methods: Mapping[str, Callable[[str, bytes], _Answer]] = {
            "predict": self._predict,
            "embedContent": self._embed,
            "batchEmbedContents": self._embed_all,
            "generateContent": self._generate,
        }

    async def called(self, request: Request) -> Response:
        model, _, method = request.path_params["target"].partition(":")
        call = self._controls.begin_call(model, method)
        try:
            body = await self._answer(request, model, method, call)
        except Refusal as refusal:
            call.status = refusal.status
            return refusal.answer()
        except asyncio.CancelledError:
            call.status = "CANCELLED"
            raise
        finally:
            call.ended_at = time.time()
        call.status = "OK"
        return Response(msgspec.json.encode(body), media_type="application/json")

    async def model(self, request: Request) -> Response:
        name = request.path_params["model"]
        if not _is_known(name):
            return refusals.no_such_model(name).answer()
        body = {"name": f"publishers/google/models/{name}", "versionId": "default"}
        return Response(msgspec.json.encode(body), media_type="application/json")

    async def _answer(
        self, request: Request, model: str, method: str, call: Call
    ) -> dict[str, Any]:
        began = time.monotonic()
        body = await request.body()
        if not request.headers.get("authorization", "").startswith("Bearer "):
            raise refusals.not_logged_in()
        if method not in self._methods or not _is_known(model):
            raise refusals.no_such_model(model)
        texts, answer = self._methods[method](model, body)
        call.texts = len(texts)
        if not self._controls.within_quota(model):
            raise refusals.quota_exceeded(model)
        fault = self._controls.fault_for(Facts(method, texts))
        made = answer() if fault is None else None
        rest = self._controls.switches.latency_per_call_seconds - (time.monotonic() - began)
        await asyncio.sleep(max(0.0, rest))
        if fault is not None:
            raise refusals.ordered(fault)
        assert made is not None
        return made

    def _predict(self, model: str, body: bytes) -> _Answer:
        asked = requests.read(body, requests.Predict)
        switches = self._controls.switches
        if model not in DIMENSIONS or model == "gemini-embedding-2":
            raise Refusal("FAILED_PRECONDITION", f"{model} does not support predict.")
        most = switches.max_gemini_texts if "gemini" in model else switches.max_texts
        if len(asked.instances) > most:
            raise refusals.invalid(
                f"{len(asked.instances)} instance(s) in the request, and the maximum is {most}."
            )
        texts = [instance.content for instance in asked.instances]
        counts = _counted(texts, truncate=asked.parameters.auto_truncate)
        if sum(counts) > switches.max_tokens:
            raise refusals.invalid(
                f"The input token count is {sum(counts)} but the model supports up to "
                f"{switches.max_tokens}."
            )
        wanted = _wanted(model, asked.parameters.output_dimensionality)

        def answer() -> dict[str, Any]:
            return {
                "predictions": [
                    {
                        "embeddings": {
                            "values": vector(text, full=DIMENSIONS[model], wanted=wanted),
                            "statistics": {"token_count": count, "truncated": False},
                        }
                    }
                    for text, count in zip(texts, counts, strict=True)
                ],
                "metadata": {"billableCharacterCount": sum(map(len, texts))},
            }

        return texts, answer

    def _embed(self, model: str, body: bytes) -> _Answer:
        asked = requests.read(body, requests.Embed)
        texts, answers = self._embedded(model, [asked])
        return texts, lambda: {
            "embedding": answers()[0],
            "usageMetadata": {"promptTokenCount": tokens_of(texts[0])},
        }

    def _embed_all(self, model: str, body: bytes) -> _Answer:
        asked = requests.read(body, requests.BatchEmbed)
        most = self._controls.switches.max_gemini_texts
        if len(asked.requests) > most:
            raise refusals.invalid(f"At most {most} content(s) can be embedded in one request.")
        texts, answers = self._embedded(model, asked.requests)
        return texts, lambda: {"embeddings": answers()}

    def _embedded(
        self, model: str, asked: list[requests.Embed]
    ) -> tuple[list[str], Callable[[], list[dict[str, Any]]]]:
        if model not in DIMENSIONS or "gemini" not in model:
            raise Refusal("FAILED_PRECONDITION", f"{model} does not support embedContent.")
        texts = [each.content.text for each in asked]
        for text, each in zip(texts, asked, strict=True):
            _counted([text], truncate=each.embed_content_config.auto_truncate)
        wanted = [_wanted(model, each.embed_content_config.output_dimensionality) for each in asked]
        return texts, lambda: [
            {"values": vector(text, full=DIMENSIONS[model], wanted=many)}
            for text, many in zip(texts, wanted, strict=True)
        ]

    def _generate(self, model: str, body: bytes) -> _Answer:
        asked = requests.read(body, requests.Generate)
        if model in DIMENSIONS:
            raise Refusal("FAILED_PRECONDITION", f"{model} does not support generateContent.")
        if not asked.contents or not asked.contents[-1].text:
            raise refusals.invalid("Unable to submit request because it must have a text.")
        prompt = asked.contents[-1].text
        switches = self._controls.switches

        def answer() -> dict[str, Any]:
            usage = {"promptTokenCount": tokens_of(prompt)}
            if switches.block_reason:
                return {
                    "promptFeedback": {"blockReason": switches.block_reason},
                    "usageMetadata": usage,
                }
            said = switches.answer if switches.answer is not None else answered(prompt)
            return {
                "candidates": [
                    {
                        "content": {"role": "model", "parts": [{"text": said}]},
                        "finishReason": switches.finish_reason,
                    }
                ],
                "usageMetadata": usage,
                "modelVersion": model,
            }

        return [prompt], answer


def _is_known(model: str) -> bool:
    return model in DIMENSIONS or (model.startswith("gemini-") and "embedding" not in model)


def _wanted(model: str, asked: int | None) -> int:
    full = DIMENSIONS[model]
    if asked is not None and not 1 <= asked <= full:
        raise refusals.invalid(f"outputDimensionality must be between 1 and {full}.")
    return asked or full


def _counted(texts: list[str], *, truncate: bool) -> list[int]:
    """Return the texts' tokens, as far as they are read."""
    counts = [tokens_of(text) for text in texts]
    for text, count in zip(texts, counts, strict=True):
        if not text.strip():
            raise refusals.invalid("The text content is empty.")
        if count > TOKENS_READ and not truncate:
            raise refusals.invalid(
                f"The input token count is {count} but the model supports up to {TOKENS_READ}."
            )
    return [min(count, TOKENS_READ) for count in counts]
