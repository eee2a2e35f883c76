from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra.local.ocr_engine.geometry import turned, turned_back

BOXES = st.tuples(*[st.integers(0, 100).map(float) for _ in range(4)])


@given(BOXES, st.integers(-8, 8))
def test_turning_back_undoes_turning(box: tuple[float, float, float, float], turns: int) -> None:
    assert turned_back(turned(box, turns, 300, 500), turns, 300, 500) == box


def test_a_quarter_turn_anticlockwise_brings_the_upper_right_corner_to_the_upper_left() -> None:
    assert turned((290, 0, 300, 20), 1, 300, 500) == (0, 0, 20, 10)
