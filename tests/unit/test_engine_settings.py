"""Engines' settings: what can't work does not start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from infra.sections.embedding import EmbeddingSettings
from infra.settings import Settings
from tests.environment import LEAST


def started(monkeypatch: pytest.MonkeyPatch, **more: str) -> Settings:
    for name, value in {**LEAST, **more}.items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.mark.parametrize(
    ("model", "texts", "calls"),
    [
        ("gemini-embedding-2", 100, 100),
        ("gemini-embedding-001", 1, 1),
        ("text-multilingual-embedding-002", 250, 1),
        ("text-multilingual-embedding-002", 251, 2),
    ],
)
def test_calls_are_counted_by_what_the_model_takes(model: str, texts: int, calls: int) -> None:
    assert EmbeddingSettings(engine="vertex", model=model).calls_for(texts) == calls


def test_an_operator_may_know_better() -> None:
    settings = EmbeddingSettings(engine="vertex", model="gemini-embedding-3", texts_per_call=100)
    assert settings.calls_for(250) == 3


def test_a_checkpoint_that_no_minute_has_calls_for_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = {"EMBEDDING__ENGINE": "vertex", "EMBEDDING__CALLS_PER_MINUTE": "60"}
    with pytest.raises(ValidationError, match="no checkpoint would be reached"):
        started(monkeypatch, **few)
    assert started(monkeypatch, **few, STAGES__PASSAGES_AT_ONCE="60")


def test_the_engine_on_this_machine_has_no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    assert started(monkeypatch, EMBEDDING__CALLS_PER_MINUTE="10").embedding.calls_for(1000) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VERTEX__MODEL", "../../other"),
        ("EMBEDDING__MODEL", "a/b"),
        ("NORMALIZATION__MODEL", "a b"),
        ("VERTEX__LOCATION", "evil.example/"),
        ("EMBEDDING__LOCATION", "EU"),
    ],
)
def test_names_that_stand_in_an_address_hold_nothing_but_letters_digits_and_hyphens(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ValidationError):
        started(monkeypatch, **{name: value})
