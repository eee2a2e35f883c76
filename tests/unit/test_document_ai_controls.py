"""The emulator's switches, its quota, and which calls an ordered fault strikes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from infra.local.emulators.document_ai.controls import Controls
from infra.local.emulators.document_ai.faults import Facts
from infra.local.emulators.switchboard import CALLS_KEPT


def facts(content: bytes = b"%PDF-", pages: int = 1, texts: Sequence[str] = ()) -> Facts:
    return Facts(content, pages, texts)


def struck(controls: Controls, calls: Sequence[Facts]) -> list[str]:
    found = (controls.fault_for(call) for call in calls)
    return [fault.status if fault else "" for fault in found]


def fault(status: str = "UNAVAILABLE", times: int | None = None, **match: object) -> object:
    return {"status": status, "match": match, "times": times}


def test_the_defaults_are_the_services_own() -> None:
    assert Controls().as_dict() == {
        "latency_per_page_seconds": 0.0,
        "latency_per_call_seconds": 0.0,
        "quota_per_minute": 600,
        "max_pages": 15,
        "max_pages_imageless": 30,
        "max_bytes": 41_943_040,
        "instant": False,
        "faults": (),
        "poison": "",
        "let_through": None,
    }


def test_an_update_sets_what_it_names_and_leaves_the_rest() -> None:
    controls = Controls(instant=True)
    controls.update({"max_pages": 100, "quota_per_minute": None})
    assert controls.switches.max_pages == 100
    assert controls.switches.quota_per_minute is None
    assert controls.switches.instant is True


def test_the_switches_survive_a_way_through_json() -> None:
    controls = Controls(poison="ink", faults=[fault(pages=3)])
    other = Controls()
    other.update(json.loads(json.dumps(controls.as_dict())))
    assert other.as_dict() == controls.as_dict()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"latency": 1}, "latency"),
        ({"max_pages": 0}, "max_pages"),
        ({"let_through": -1}, "let_through"),
        ({"instant": "yes"}, "instant"),
        ({"latency_per_page_seconds": -1}, "latency_per_page_seconds"),
        ({"faults": [{"status": "SLEEPY"}]}, "SLEEPY"),
        ({"faults": [{"status": "INTERNAL", "match": {"page": 1}}]}, "page"),
        ({"faults": [{"status": "INTERNAL", "match": {"probability": 2}}]}, "probability"),
    ],
)
def test_a_wrong_switch_is_named_and_nothing_is_set(wrong: dict[str, object], word: str) -> None:
    controls = Controls()
    with pytest.raises(ValueError, match=word):
        controls.update({"poison": "ink", **wrong})
    assert controls.switches.poison == ""


def test_the_quota_counts_the_last_sixty_seconds() -> None:
    now = [1000.0]
    controls = Controls(clock=lambda: now[0], quota_per_minute=2)
    assert [controls.within_quota() for _ in range(3)] == [True, True, False]
    now[0] += 59.9
    assert not controls.within_quota()
    now[0] += 0.2
    assert controls.within_quota()


def test_a_lifted_quota_lets_everything_through() -> None:
    controls = Controls(quota_per_minute=None)
    assert all(controls.within_quota() for _ in range(1000))


def test_a_fault_strikes_as_often_as_it_was_ordered() -> None:
    controls = Controls(faults=[fault(times=2)])
    assert struck(controls, [facts()] * 3) == ["UNAVAILABLE", "UNAVAILABLE", ""]


def test_a_fault_may_wait_for_one_call() -> None:
    controls = Controls(faults=[fault(nth_call=2)])
    assert struck(controls, [facts()] * 3) == ["", "UNAVAILABLE", ""]


def test_a_fault_may_go_by_pages_by_text_and_by_content() -> None:
    calls = [facts(pages=3), facts(texts=["one", "some ink"]), facts(b"%PDF-1.7")]
    digest = calls[2].sha256
    assert struck(Controls(faults=[fault(pages=3)]), calls) == ["UNAVAILABLE", "", ""]
    assert struck(Controls(faults=[fault(page_text="ink")]), calls) == ["", "UNAVAILABLE", ""]
    assert struck(Controls(faults=[fault(sha256=digest)]), calls) == ["", "", "UNAVAILABLE"]


def test_all_that_a_fault_names_must_hold() -> None:
    controls = Controls(faults=[fault(pages=2, nth_call=2)])
    assert struck(controls, [facts(pages=2), facts(pages=1), facts(pages=2)]) == ["", "", ""]


def test_the_first_fault_that_strikes_is_the_one_used_up() -> None:
    controls = Controls(faults=[fault("INTERNAL", times=1), fault("UNAVAILABLE", times=1)])
    assert struck(controls, [facts()] * 3) == ["INTERNAL", "UNAVAILABLE", ""]


def test_chance_is_the_same_again_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[str]:
        return struck(Controls(faults=[fault(probability=0.3, seed=seed)]), [facts()] * 200)

    assert drawn(1) == drawn(1) != drawn(2)
    assert 30 < drawn(1).count("UNAVAILABLE") < 90


def test_naming_the_faults_again_arms_them_anew() -> None:
    controls = Controls(faults=[fault(times=1)])
    assert struck(controls, [facts()] * 2) == ["UNAVAILABLE", ""]
    controls.update({"poison": "ink"})
    assert struck(controls, [facts()]) == [""]
    controls.update({"faults": [fault(times=1)]})
    assert struck(controls, [facts()]) == ["UNAVAILABLE"]


def test_the_record_of_calls_forgets_the_oldest() -> None:
    controls = Controls()
    for number in range(CALLS_KEPT + 5):
        controls.begin_call().pages = number
    assert len(controls.calls) == CALLS_KEPT
    assert controls.calls[0]["pages"] == 5
