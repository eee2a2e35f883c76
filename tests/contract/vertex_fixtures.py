"""A running emulator of Vertex AI, and the engines that call it by Google's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from common.quota import QuotaRules
from infra.embedding.vertex import VertexEmbedder
from infra.entities.vertex import VertexEntityFinder
from infra.language.gemini import GeminiNormalizer
from infra.local.emulators.vertex_ai import Controls, create_app
from infra.local.emulators.web import WebServer
from infra.local.ports import HOST, choose_ports
from infra.sections.embedding import EmbeddingSettings
from infra.sections.vertex import NormalizationSettings, VertexSettings
from infra.vertex.calls import VertexCalls
from tests.contract.document_ai_fixtures import Loop
from tests.contract.quota_fixtures import Bucket

#: A quota that no test comes near.
PLENTY = QuotaRules(500)
BATCHED = "text-multilingual-embedding-002"


@dataclass
class Vertex:
    """The emulator, its switches, and engines connected to it.

    Waits pass in no time, unless `waits_really`.
    """

    address: str
    controls: Controls
    bucket_of: Callable[[QuotaRules], Bucket]
    closing: ExitStack
    bucket: Bucket | None = None
    waits: list[float] = field(default_factory=list)
    waits_really: bool = False

    def settings(self, **changes: Any) -> VertexSettings:
        return VertexSettings(
            **{
                "project": "quire-test",
                "endpoint": self.address,
                "insecure": True,
                "calls_at_once": 4,
                **changes,
            }
        )

    def calls(self, rules: QuotaRules = PLENTY, *, at_once: int = 4) -> VertexCalls:
        self.bucket = self.bucket_of(rules)
        self.bucket.fill()
        bucket = self.bucket
        if self.waits_really:
            return VertexCalls(bucket.process(), at_once=at_once)

        def pause(_: Event, seconds: float) -> None:
            self.waits.append(seconds)
            bucket.elapse(seconds)

        return VertexCalls(
            bucket.process(), at_once=at_once, pause=pause, now=lambda: bucket.elapsed
        )

    def embedder(
        self, model: str = BATCHED, *, rules: QuotaRules = PLENTY, **changes: Any
    ) -> VertexEmbedder:
        settings = EmbeddingSettings(engine="vertex", model=model)
        vertex = self.settings(**changes)
        return self.closing.enter_context(
            closing(
                VertexEmbedder(settings, vertex, self.calls(rules, at_once=vertex.calls_at_once))
            )
        )

    def normalizer(self, **changes: Any) -> GeminiNormalizer:
        settings, vertex = NormalizationSettings(engine="gemini"), self.settings(**changes)
        calls = self.calls(at_once=vertex.calls_at_once)
        return self.closing.enter_context(closing(GeminiNormalizer(settings, vertex, calls)))

    def finder(self, **changes: Any) -> VertexEntityFinder:
        return self.closing.enter_context(
            closing(VertexEntityFinder(self.settings(**changes), self.calls()))
        )

    @property
    def made(self) -> list[dict[str, Any]]:
        return self.controls.calls


@pytest.fixture(scope="module")
def running_vertex() -> Iterator[tuple[str, Controls]]:
    loop, controls = Loop(), Controls()
    server = WebServer(create_app(controls))
    port = choose_ports(["vertex_ai"], {})["vertex_ai"]
    loop.run(server.start(HOST, port))
    yield f"http://{HOST}:{port}", controls
    loop.run(server.stop())
    loop.close()


@pytest.fixture
def vertex(
    running_vertex: tuple[str, Controls], bucket_of: Callable[[QuotaRules], Bucket]
) -> Iterator[Vertex]:
    """The emulator as it is after its start, and no call on record."""
    address, controls = running_vertex
    controls.update(Controls().as_dict())
    controls.forget()
    with ExitStack() as engines:
        yield Vertex(address, controls, bucket_of, engines)
