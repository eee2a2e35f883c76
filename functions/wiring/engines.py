"""What this process has of engines for the stages after OCR, and for search.

Each is named without being made: its name is part of the versions of what it makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.lazily import built_once
from functions.wiring.services import Services

if TYPE_CHECKING:
    from common.stages import Embedder, EntityFinder, Normalizer, Segmenter
    from infra.vertex.calls import VertexCalls


class Engines(Services):
    """One process's engines."""

    def engine_name(self, engine: str) -> str:
        """Return what the engine of this kind is called: an attribute of StageInputs."""
        if engine == "embedder":
            from infra.embedding.engines import name_of

            return name_of(self.settings.embedding)
        if engine == "segmenter":
            from infra.language import gemini, segmenter

            normalizer = gemini.name_of(self.settings.normalization, self.settings.vertex)
            # Whoever puts sentences right has its part in them.
            return "+".join(filter(None, [segmenter.name_of(), normalizer]))
        if self.settings.entities.engine == "vertex":
            from infra.entities import vertex

            return vertex.name_of(self.settings.vertex)
        from infra.entities.engines import name_of as finder_name

        return finder_name(self.settings.entities)

    @built_once
    def segmenter(self) -> Segmenter:
        """Cuts sentences."""
        from infra.language.segmenter import SentencexSegmenter

        return SentencexSegmenter()

    @built_once
    def entity_finder(self) -> EntityFinder:
        """Finds names, dates and amounts."""
        settings = self.settings
        if settings.entities.engine == "vertex":
            from infra.entities.vertex import VertexEntityFinder

            return VertexEntityFinder(
                settings.vertex,
                self._vertex_calls(settings.vertex.model, settings.vertex.calls_per_minute),
                project=settings.storage.project,
            )
        from infra.entities.engines import finder_of

        return finder_of(self.settings.entities)

    @built_once
    def embedder(self) -> Embedder:
        """Says what texts are about."""
        settings = self.settings
        if settings.embedding.engine == "vertex":
            from infra.embedding.vertex import VertexEmbedder

            return VertexEmbedder(
                settings.embedding,
                settings.vertex,
                self._vertex_calls(settings.embedding.model, settings.embedding.calls_per_minute),
                project=settings.storage.project,
            )
        from infra.embedding.wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder()

    @property
    def calls_models(self) -> bool:
        """Whether an engine is one of Vertex AI's models."""
        engines = {self.settings.embedding.engine, self.settings.entities.engine}
        return "vertex" in engines or self.normalizes

    @property
    def normalizes(self) -> bool:
        """Whether a model puts sentences right."""
        return self.settings.normalization.engine != "none"

    @built_once
    def normalizer(self) -> Normalizer:
        """Puts sentences right; to be asked for only where a model does."""
        from infra.language.gemini import GeminiNormalizer

        settings = self.settings
        model = settings.normalization.model or settings.vertex.model
        return GeminiNormalizer(
            settings.normalization,
            settings.vertex,
            self._vertex_calls(model, settings.vertex.calls_per_minute),
            project=settings.storage.project,
        )

    def _vertex_calls(self, model: str, calls_per_minute: int) -> VertexCalls:
        """Return who keeps the calls to a model, of all processes, to so many a minute."""
        from common.quota import QuotaRules
        from infra.broker.quota import RedisCallQuota
        from infra.vertex.calls import VertexCalls

        vertex = self.settings.vertex
        project = vertex.project or self.settings.storage.project
        quota = RedisCallQuota(
            self._redis, f"vertex:{project}:{model}", QuotaRules(calls_per_minute)
        )
        return VertexCalls(
            quota,
            at_once=vertex.calls_at_once,
            # A checkpoint in two languages makes two requests, and Celery ends what is too long.
            longest_seconds=0.4 * self.settings.task_timeout_seconds,
        )
