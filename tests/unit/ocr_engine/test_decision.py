from __future__ import annotations

from collections.abc import Sequence

from infra.local.ocr_engine.decision import Decision, decide
from infra.local.ocr_engine.text_layer import LayerWord

PROSE = "The binder folds every sheet and counts the pages before the glue is warm again"
SENTENCE = PROSE.split()


def layer(texts: Sequence[str], *, visible: bool = True, unmapped: bool = False) -> list[LayerWord]:
    box = (10.0, 10.0, 20.0, 20.0)
    return [LayerWord(text, box, box, 0, visible, False, unmapped) for text in texts]


def judge(words: Sequence[LayerWord], *, picture: float = 0.0, ink: float = 0.0) -> Decision:
    return decide(words, picture_share=lambda: picture, stray_ink=lambda known: ink)


def test_a_page_of_prose_is_taken_as_it_is_and_never_drawn() -> None:
    def never(*_: object) -> float:
        raise AssertionError("costs time and is not needed")

    words = layer(SENTENCE * 4)
    decision = decide(words, picture_share=never, stray_ink=never)
    assert (decision.words, decision.needs_ocr) == (words, False)


def test_ink_without_characters_needs_ocr() -> None:
    assert judge([], ink=0.01).needs_ocr
    assert not judge([], ink=0.0).needs_ocr


def test_a_page_number_alone_is_taken_unless_other_ink_is_there() -> None:
    number = layer(["Page", "7"])
    assert not judge(number, ink=0.0).needs_ocr
    stamped = judge(number, ink=0.02)
    assert stamped.needs_ocr
    assert stamped.trusted


def test_a_scan_with_a_header_printed_on_it_needs_ocr() -> None:
    printed = "Case 1:20-cv-01234 Document 45 Filed 03/04/21 Page 3 of 20"
    header = printed.split()
    assert judge(layer(header), picture=0.98).needs_ocr
    assert not judge(layer(header), picture=0.3).needs_ocr


def test_prose_over_a_background_picture_is_taken() -> None:
    assert not judge(layer(SENTENCE * 4), picture=1.0).needs_ocr


def test_an_earlier_ocrs_invisible_layer_is_used_again_with_what_is_visible() -> None:
    words = layer(["Exhibit", "7"]) + layer(SENTENCE, visible=False)
    decision = judge(words, picture=1.0)
    assert (decision.words, decision.needs_ocr) == (words, False)
    assert decision.recognized_earlier


def test_an_invisible_layer_of_few_or_garbled_words_is_not() -> None:
    assert judge(layer(SENTENCE[:7], visible=False), picture=1.0).needs_ocr
    garbled = ["xqzj", "vwkp", "zzxc", "qqfh", "jvxz", "wqpk", "xkcd", "vbnq"]
    assert judge(layer(garbled, visible=False), picture=1.0).needs_ocr


def test_invisible_words_beside_a_page_of_visible_ones_are_left_out() -> None:
    visible = layer(SENTENCE * 4)
    decision = judge(visible + layer(SENTENCE, visible=False), picture=0.0)
    assert (decision.words, decision.needs_ocr) == (visible, False)


def test_a_font_that_does_not_say_its_characters_needs_ocr() -> None:
    for words in (
        layer(SENTENCE * 4, unmapped=True),
        layer(["\ue001\ue002\ue003\ue004"] * 20),
        layer(["\ufffd\ufffd\ufffd"] * 20 + SENTENCE),
    ):
        decision = judge(words)
        assert decision.needs_ocr
        assert not decision.trusted


def test_a_font_that_lies_about_its_letters_needs_ocr() -> None:
    shift = {ord("a") + at: chr(ord("a") + (at + 3) % 26) for at in range(26)}
    decision = judge(layer([word.lower().translate(shift) for word in SENTENCE * 3]))
    assert decision.needs_ocr
    assert not decision.trusted


def test_a_table_of_numbers_and_short_names_is_taken() -> None:
    row = "A-17 12.50 EUR 2024-01-31 B-9 9.00 USD 2024-02-29 IBAN GB33 BUKB 2020 1555"
    assert not judge(layer(row.split())).needs_ocr
