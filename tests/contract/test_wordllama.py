"""The engine on one machine: its numbers are its library's, and nothing of it needs a network."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from common.stage_rows import DIMENSIONS, Vector
from infra.embedding import wordllama
from infra.embedding.engines import name_of
from infra.embedding.wordllama import WordLlamaEmbedder
from infra.sections.embedding import EmbeddingSettings
from tests.pdfs.documents import FRENCH
from tests.pdfs.text import page_text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def engine() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


def closeness(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_vectors_are_256_plain_numbers_of_length_1(engine: WordLlamaEmbedder) -> None:
    vectors = engine.embed([page_text(number) for number in range(1, 21)])
    TypeAdapter(list[Vector]).validate_python(vectors, strict=True)
    assert [len(vector) for vector in vectors] == [DIMENSIONS] * 20
    assert all(math.isclose(math.hypot(*vector), 1, abs_tol=1e-5) for vector in vectors)


def test_they_are_those_of_the_library_itself(engine: WordLlamaEmbedder) -> None:
    texts = [
        *(" ".join(page_text(number).split()) for number in range(1, 71)),
        " ".join(FRENCH.split()),
        "(«Art. 1382»), §3: 1.234,56 EUR; x_y-z/42 <a@b.cd> ﬁn 株式会社 🙂",
        "x" * 2000,
    ]
    # In a process of its own: the import gives the root logger a handler.
    program = (
        "import json, sys; from pathlib import Path; import wordllama\n"
        "model = wordllama.WordLlama.load(\n"
        "    cache_dir=Path(wordllama.__file__).parent, disable_download=True)\n"
        "print(json.dumps(model.embed(json.load(sys.stdin), norm=True).tolist()))"
    )
    adapter = TypeAdapter(list[Vector])
    answer = subprocess.run(
        [sys.executable, "-c", program],
        input=TypeAdapter(list[str]).dump_json(texts),
        capture_output=True,
        check=True,
    )
    for ours, theirs in zip(engine.embed(texts), adapter.validate_json(answer.stdout), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_a_text_s_vector_does_not_depend_on_what_it_is_embedded_with(
    engine: WordLlamaEmbedder,
) -> None:
    texts = [page_text(number) for number in range(1, 8)]
    alone = [engine.embed([text])[0] for text in texts]
    assert engine.embed(texts) == alone
    assert WordLlamaEmbedder().embed(texts[::-1]) == alone[::-1]
    assert engine.embed(texts, is_query=True) == alone


@pytest.mark.parametrize(
    ("question", "answer", "others"),
    [
        (
            "How long does the tenant have to give notice?",
            "The lease may be terminated by the lessee with three months' written notice.",
            [
                "The dam's spillway was designed for a flood of ten thousand years.",
                "Quarterly revenue rose by eight percent, driven by software.",
            ],
        ),
        (
            "What is the height of the dam?",
            "The concrete wall rises 142 metres above the river bed.",
            [
                "The lease may be terminated by the lessee with three months' written notice.",
                "She bought bread, cheese and a bottle of wine.",
            ],
        ),
        (
            # Made of English texts, it needs a word in common in French.
            "Quel préavis pour la fin d'un bail ?",
            "Le preneur peut résilier le bail par écrit, avec un préavis de trois mois.",
            [
                "Le barrage en béton s'élève à cent quarante mètres au-dessus du fleuve.",
                "Elle acheta du pain, du fromage et une bouteille de vin.",
            ],
        ),
    ],
)
def test_a_question_is_nearer_to_its_answer_than_to_other_texts(
    engine: WordLlamaEmbedder, question: str, answer: str, others: list[str]
) -> None:
    asked, *found = engine.embed([question, answer, *others])
    right, *wrong = [closeness(asked, each) for each in found]
    assert right > max(wrong)


def test_a_text_without_a_word_has_a_vector_all_the_same(engine: WordLlamaEmbedder) -> None:
    first, second, word = engine.embed(["", " \n\u00a0", "word"])
    assert first == second != word
    assert math.hypot(*first) == 1
    assert engine.embed([]) == []


def test_words_that_are_kept_do_not_grow_with_the_texts(
    engine: WordLlamaEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wordllama, "_WORDS_KEPT", 100)
    texts = [f"{first} {second}" for first, second in product("abcdefghij" * 30, "klmnopqrst")]
    wanted = engine.embed(texts[:10])
    for start in range(0, len(texts), 50):
        engine.embed([f"{text}{start}" for text in texts[start : start + 50]])
        assert len(engine._ids) <= 200
    assert engine.embed(texts[:10]) == wanted


def test_it_is_named_without_being_loaded_and_loaded_without_a_network() -> None:
    # A process in which nobody can open a socket, and to which nothing of the library is known yet.
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a socket was opened')\n"
        "socket.socket = refuse\n"
        "from infra.embedding.engines import name_of\n"
        "from infra.embedding.wordllama import WordLlamaEmbedder\n"
        "from infra.sections.embedding import EmbeddingSettings\n"
        "settings = EmbeddingSettings()\n"
        "print(name_of(settings))\n"
        "assert not {'numpy', 'tokenizers', 'wordllama'} & set(sys.modules)\n"
        "engine = WordLlamaEmbedder()\n"
        "assert engine.name == name_of(settings)\n"
        "assert len(engine.embed(['word'])[0]) == 256\n"
        "assert 'wordllama' not in sys.modules and 'requests' not in sys.modules\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == name_of(EmbeddingSettings())
    assert ended.stdout.startswith("wordllama-256-0.4")
