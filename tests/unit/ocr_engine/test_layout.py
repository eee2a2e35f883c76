from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest

from infra.local.ocr_engine.compose import compose_page
from infra.local.ocr_engine.layout import arrange
from infra.local.ocr_engine.text_layer import LayerWord

WIDTH, HEIGHT = 1000, 1400
ADVANCE, SIZE = 9, 20


def line(
    text: str, left: float, top: float, *, size: float = SIZE, turns: int = 0
) -> list[LayerWord]:
    """Set words side by side, as wide as they have letters."""
    words = []
    for word in text.split():
        width = len(word) * ADVANCE * size / SIZE
        box = (left, top + size * 0.2, left + width, top + size * 0.8)
        words.append(
            LayerWord(word, box, (left, top, left + 5, top + size), turns, True, False, False)
        )
        left += width + 0.5 * ADVANCE * size / SIZE
    return words


def column(
    name: str, left: float, top: float, *, rows: int = 8, pitch: float = 24
) -> list[LayerWord]:
    return [
        word
        for row in range(rows)
        for word in line(f"{name}{row} runs on over the line", left, top + row * pitch)
    ]


def text_of(words: Sequence[LayerWord]) -> str:
    blocks = arrange(words, 1.0, WIDTH, HEIGHT)
    return compose_page(blocks, number=1, width=WIDTH, height=HEIGHT, languages=[]).text


def order_of(text: str, names: Iterable[str]) -> list[str]:
    marks = [word for word in text.split() if word[:-1] in set(names)]
    return [
        mark[:-1] for at, mark in enumerate(marks) if at == 0 or marks[at - 1][:-1] != mark[:-1]
    ]


@pytest.mark.parametrize("offset", [0, 5, 12, 17])
@pytest.mark.parametrize("pitch", [24, 27])
def test_two_columns_are_read_one_after_the_other_in_whatever_order_they_were_drawn(
    offset: float, pitch: float
) -> None:
    words = column("L", 80, 200) + column("R", 520, 200 + offset, pitch=pitch)
    in_order = text_of(words)
    assert order_of(in_order, "LR") == ["L", "R"]
    assert in_order.count("\n") == 16
    random.Random(7).shuffle(words)
    assert text_of(words) == in_order


def test_a_heading_across_both_columns_stays_above_and_one_between_in_between() -> None:
    wide = "a heading that goes across both of the columns from side to side of it all"
    words = (
        line("H0 " + wide, 80, 100)
        + column("L", 80, 150)
        + column("R", 520, 150)
        + line("M0 " + wide, 80, 400)
        + column("A", 80, 450)
        + column("B", 520, 450)
        + line("F0 " + wide, 80, 700)
    )
    assert order_of(text_of(words), "HLRMABF") == ["H", "L", "R", "M", "A", "B", "F"]


def test_three_columns_are_read_from_left_to_right() -> None:
    words = column("C", 700, 150) + column("A", 40, 150) + column("B", 370, 150)
    assert order_of(text_of(words), "ABC") == ["A", "B", "C"]


def test_a_table_is_read_row_by_row() -> None:
    cells = [
        ("Nails", "200", "3.50"),
        ("Blue paint", "2", "10.00"),
        ("Wood", "13", "1.00"),
        ("Glue", "1", "4.20"),
    ]
    words = [
        word
        for row, texts in enumerate(cells)
        for at, text in enumerate(texts)
        for word in line(text, 100 + 300 * at, 200 + 30 * row)
    ]
    assert text_of(words).splitlines() == [" ".join(texts) for texts in cells]


def test_a_blank_line_begins_a_block_and_an_indent_a_paragraph() -> None:
    words = (
        line("first of one", 100, 100)
        + line("second of one", 100, 124)
        + line("indented new paragraph", 130, 148)
        + line("and its end", 100, 172)
        + line("another block", 100, 240)
    )
    blocks = arrange(words, 1.0, WIDTH, HEIGHT)
    assert [[len(paragraph) for paragraph in block] for block in blocks] == [[2, 2], [1]]


def test_a_raised_small_mark_stays_in_its_line() -> None:
    words = [*line("as shown", 100, 100), *line("12", 185, 96, size=11), *line("before", 205, 100)]
    assert text_of([*words, *line("next line", 100, 124)]) == "as shown 12 before\nnext line\n"


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_writing_is_read_along_itself_and_after_the_rest(turns: int) -> None:
    # Anticlockwise by one: it runs upwards, so its later words stand higher.
    places = {1: (0, -60), 2: (-60, 0), 3: (0, 60)}[turns]
    turned_words = []
    for at, text in enumerate(["read", "me", "aloud"]):
        x, y = 900 + places[0] * at, 700 + places[1] * at
        box = (float(x), float(y), x + 20.0, y + 20.0)
        turned_words.append(LayerWord(text, box, box, turns, True, False, False))
    words = [*reversed(turned_words), *column("L", 80, 200)]
    assert text_of(words).endswith("line\nread me aloud\n")


def test_hebrew_is_read_from_right_to_left() -> None:
    left, right = line("שני", 100, 100), line("ראשון", 200, 100)
    assert text_of(left + right) == "ראשון שני\n"


def test_thousands_of_rows_are_laid_out_in_a_moment() -> None:
    words = [word for row in range(3000) for word in line("a b c", 40 + row % 7 * 90, row * 24)]
    assert text_of(words).count("\n") == 3000
