"""A document's text on the terminal."""

from __future__ import annotations

from infra.cli.printable import printable


def test_text_of_a_document_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b]0;owned\x07b\x9bc\u202ed\u2066e\ud800f\tg") == "a]0;ownedbcdef g"


def test_text_of_any_script_stays_as_it_is() -> None:
    text = "Füße, œuvre, Ω, 漢字, emoji 🙂"
    assert printable(text) == text
