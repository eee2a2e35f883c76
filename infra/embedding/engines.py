"""What the engine that the settings name is called: it is part of stages' versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.sections.embedding import EmbeddingSettings


def name_of(settings: EmbeddingSettings) -> str:
    """Return the engine's name with its version or model, without loading it."""
    if settings.engine == "wordllama":
        from infra.embedding import wordllama

        return wordllama.name()
    from infra.embedding import vertex

    return vertex.name_of(settings)
