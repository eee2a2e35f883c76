"""Whose turn it is: the rule, over whatever lanes there may be."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from common.models import Priority
from common.turns import Lane, Round, give

PARTS = 8
WINDOW = 8

amounts = st.integers(0, 40)
lanes = st.lists(
    st.builds(
        Lane,
        priority=st.sampled_from(Priority),
        owner=st.sampled_from(["alice", "bob", "carol", "dave"]),
        id=st.builds(UUID, int=st.integers(0, 3)),
        waiting_chunks=amounts.map(lambda n: n * PARTS),
        waiting_documents=amounts,
        queued=st.integers(0, 20).map(lambda n: n * PARTS),
        processing=st.integers(0, 20).map(lambda n: n * PARTS),
    ),
    unique_by=lambda lane: (lane.priority, lane.owner, lane.id),
    max_size=10,
)


def given_to(round_: Round, owner: str) -> int:
    return sum(turn.chunks + turn.documents for turn in round_.turns if turn.lane.owner == owner)


def single(owner: str, *, waiting_chunks: int = 0, queued: int = 0, processing: int = 0) -> Lane:
    return Lane(
        Priority.NORMAL,
        owner,
        waiting_chunks=waiting_chunks,
        queued=queued,
        processing=processing,
    )


@given(lanes)
def test_nothing_is_given_that_does_not_wait_and_no_window_is_overfilled(known: list[Lane]) -> None:
    round_ = give(known, window=WINDOW, parts=PARTS)
    for turn in round_.turns:
        assert 0 <= turn.chunks <= turn.lane.waiting_chunks
        assert 0 <= turn.documents <= turn.lane.waiting_documents
        assert turn.chunks % PARTS == 0
    for priority in Priority:
        of_class = [lane for lane in known if lane.priority is priority]
        sent = sum(t.chunks + t.documents for t in round_.turns if t.lane.priority is priority)
        queued = sum(lane.queued for lane in of_class)
        owners = {lane.owner for lane in of_class}
        # Beside a full window only one place for each owner who has nothing at all.
        assert queued + sent <= max(queued, round_.window * PARTS) + len(owners) * PARTS


@given(lanes)
def test_whoever_has_nothing_under_way_gets_a_place_and_its_first_goes_ahead(
    known: list[Lane],
) -> None:
    round_ = give(known, window=WINDOW, parts=PARTS)
    for priority in Priority:
        for owner in {lane.owner for lane in known}:
            own = [x for x in known if x.owner == owner and x.priority is priority]
            waits = any(x.waiting_chunks or x.waiting_documents for x in own)
            if waits and not any(x.queued + x.processing for x in own):
                turns = [t for t in round_.turns if t.lane in own]
                assert sum(t.chunks + t.documents for t in turns) > 0
                assert [t.is_first for t in turns].count(True) == 1


@given(lanes)
def test_an_empty_window_is_filled_as_far_as_there_is_something(known: list[Lane]) -> None:
    round_ = give(known, window=WINDOW, parts=PARTS)
    for priority in Priority:
        of_class = [lane for lane in known if lane.priority is priority]
        if any(lane.queued for lane in of_class):
            continue
        waiting = sum(lane.waiting_chunks + lane.waiting_documents for lane in of_class)
        sent = sum(t.chunks + t.documents for t in round_.turns if t.lane.priority is priority)
        # A chunk is not divided, so less than one may be left free.
        assert sent >= min(waiting, round_.window * PARTS - PARTS + 1)


def test_a_batch_of_one_does_not_hold_back_the_single_document_of_another() -> None:
    batch = Lane(Priority.NORMAL, "alice", UUID(int=1), waiting_chunks=64, queued=64, processing=32)
    round_ = give([batch, single("bob", waiting_chunks=8)], window=WINDOW, parts=PARTS)
    [turn] = round_.turns
    assert (turn.lane.owner, turn.is_first) == ("bob", True)


def test_owners_share_a_window_evenly_however_much_each_has() -> None:
    known = [
        Lane(Priority.NORMAL, "alice", UUID(int=n), waiting_chunks=400) for n in range(1, 4)
    ] + [single("bob", waiting_chunks=400)]
    round_ = give(known, window=WINDOW, parts=PARTS)
    assert given_to(round_, "alice") == given_to(round_, "bob") == WINDOW * PARTS / 2


def test_batches_of_one_owner_share_its_places_evenly() -> None:
    known = [Lane(Priority.NORMAL, "alice", UUID(int=n), waiting_chunks=400) for n in (1, 2)]
    round_ = give(known, window=WINDOW, parts=PARTS)
    assert [turn.chunks for turn in round_.turns] == [WINDOW * PARTS / 2] * 2


def test_a_full_window_of_normal_keeps_no_high_one_out() -> None:
    full = Lane(Priority.NORMAL, "alice", queued=64, processing=8)
    urgent = Lane(Priority.HIGH, "alice", waiting_chunks=24)
    [turn] = give([full, urgent], window=WINDOW, parts=PARTS).turns
    assert (turn.lane.priority, turn.chunks) == (Priority.HIGH, 24)


def test_the_window_grows_with_what_is_under_work() -> None:
    busy = single("alice", waiting_chunks=8_000, processing=40 * PARTS)
    round_ = give([busy], window=WINDOW, parts=PARTS)
    assert round_.window == 40
    assert given_to(round_, "alice") == 40 * PARTS


def test_one_place_in_sixteen_helps_what_waits_below() -> None:
    high = Lane(Priority.HIGH, "alice", waiting_chunks=8_000, processing=64 * PARTS)
    low = Lane(Priority.LOW, "bob", queued=8)
    assert give([high, low], window=WINDOW, parts=PARTS).promotions == ((Priority.HIGH, 4),)
    # Where little of the higher priority comes, the lower has its turns by itself.
    few = Lane(Priority.HIGH, "alice", waiting_chunks=8)
    assert give([few, low], window=WINDOW, parts=PARTS).promotions == ()
    assert give([high], window=WINDOW, parts=PARTS).promotions == ()
