"""The engines that need no network: what the one of the settings is called, and the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.stages import EntityFinder
    from infra.sections.entities import EntitiesSettings


def name_of(settings: EntitiesSettings) -> str:
    """Return the engine's name with its version or models, without loading it."""
    if settings.engine == "spacy":
        from infra.entities import spacy

        return spacy.name_of(settings.models)
    from infra.entities import rules

    return rules.NAME


def finder_of(settings: EntitiesSettings) -> EntityFinder:
    """Return the engine that reads on this machine: the rules, or spaCy's models."""
    if settings.engine == "spacy":
        from infra.entities.spacy import SpacyEntityFinder

        return SpacyEntityFinder(settings.models)
    from infra.entities.rules import RulesEntityFinder

    return RulesEntityFinder()
