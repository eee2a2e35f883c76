from __future__ import annotations

import numpy as np
import pytest

from infra.local.ocr_engine.picture import (
    LONGEST_SIDE,
    MOST_PIXELS,
    Grey,
    flatten,
    ink_share,
    size_in_pixels,
)


def paper(brightness: int = 255, width: int = 400, height: int = 600) -> Grey:
    return np.full((height, width), brightness, dtype=np.uint8)


def test_a_page_is_drawn_at_200_dots_per_inch() -> None:
    assert size_in_pixels(612, 792) == (1700, 2200)


@pytest.mark.parametrize("size", [(14400, 14400), (1e9, 1e9), (100, 1e7), (0.001, 0.001), (3, 1e6)])
def test_a_page_of_any_size_makes_a_picture_within_bounds(size: tuple[float, float]) -> None:
    width, height = size_in_pixels(*size)
    assert 1 <= width <= LONGEST_SIDE
    assert 1 <= height <= LONGEST_SIDE
    assert width * height <= MOST_PIXELS * 1.01


def test_a_shadow_over_the_page_is_taken_away_and_the_ink_stays() -> None:
    page = paper(width=1200)
    page[100:104, 50:350] = 30
    shadow = np.linspace(1.0, 0.3, 1200)
    even = flatten((page * shadow).astype(np.uint8))
    assert even[200:, :].min() > 220
    assert even[200:, 1000].min() > 235
    assert even[101, 60:340].max() < 90


def test_white_paper_is_left_as_it_is() -> None:
    page = paper()
    page[100:104, 50:350] = 0
    assert np.array_equal(flatten(page), page)


def test_light_writing_on_a_dark_page_becomes_dark_on_light() -> None:
    page = paper(10)
    page[100:104, 50:350] = 250
    even = flatten(page)
    assert even[300, 200] > 235
    assert even[101, 200] < 60


def test_solid_black_does_not_turn_white() -> None:
    page = paper(200)
    page[200:400, 100:300] = 0
    assert flatten(page)[300, 200] == 0


def test_ink_is_seen_outside_of_the_words_that_are_known() -> None:
    page = paper()
    page[100:120, 100:200] = 0
    assert ink_share(page, []) == pytest.approx(20 * 100 / page.size)
    assert ink_share(page, [(0.25, 100 / 600, 0.5, 0.2)]) == 0.0


@pytest.mark.parametrize("brightness", [255, 200, 0])
def test_a_page_of_one_colour_has_no_ink(brightness: int) -> None:
    assert ink_share(paper(brightness), []) == 0.0
