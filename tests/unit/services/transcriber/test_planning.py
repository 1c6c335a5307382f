import itertools

import numpy as np
import pytest

from libs.common.speech import Segment
from services.transcriber.planning import (
    ChunkRules,
    is_too_long,
    plan_chunks,
    speech_stretches,
    split_stretch,
)

RULES = ChunkRules(target=60.0, maximum=90.0)


def _segments(*times: tuple[float, float]) -> list[Segment]:
    return [Segment(start=start, end=end) for start, end in times]


def _plan(turns: list[Segment], duration: float, rules: ChunkRules = RULES) -> list[Segment]:
    stretches = speech_stretches(turns, duration)
    own_rules = rules.for_speech(sum(one.duration for one in stretches))
    middle = [part for one in stretches for part in split_stretch(one, own_rules, lambda segment: segment.middle)]
    return plan_chunks(middle, own_rules)


def _random_turns(seed: int, *, num: int, longest: float, widest_gap: float) -> tuple[list[Segment], float]:
    rng = np.random.default_rng(seed)
    turns, time = [], 0.0
    for _ in range(num):
        time = max(0.0, time + float(rng.uniform(-1.0, widest_gap)))
        length = float(rng.uniform(0.3, longest))
        turns.append(Segment(start=time, end=time + length))
        time += length
    return sorted(turns, key=lambda turn: turn.start), max(turn.end for turn in turns) + 5.0


@pytest.mark.parametrize("seed", range(12))
def test_chunks_cover_all_speech_in_order_within_the_maximum(seed: int) -> None:
    turns, duration = _random_turns(
        seed, num=150, longest=[8.0, 40.0, 400.0][seed % 3], widest_gap=[1.0, 6.0][seed % 2]
    )

    chunks = _plan(turns, duration)

    assert all(one.end <= following.start for one, following in itertools.pairwise(chunks))
    assert all(0.0 < chunk.duration <= RULES.maximum for chunk in chunks)
    for turn in turns:
        assert sum(chunk.overlap(turn) for chunk in chunks) == pytest.approx(turn.duration)


@pytest.mark.parametrize("seed", range(6))
def test_cuts_lie_in_silences_where_there_are_some(seed: int) -> None:
    turns, duration = _random_turns(seed, num=200, longest=15.0, widest_gap=3.0)
    stretches = speech_stretches(turns, duration)
    assert not any(is_too_long(one, RULES) for one in stretches)

    chunks = plan_chunks(stretches, RULES)

    assert all(any(chunk.start == one.start for one in stretches) for chunk in chunks)
    assert all(any(chunk.end == one.end for one in stretches) for chunk in chunks)


def test_a_long_silence_is_in_no_chunk() -> None:
    chunks = _plan(_segments((10.0, 20.0), (320.0, 330.0)), 400.0)

    assert chunks == _segments((9.8, 20.2), (319.8, 330.2))


def test_the_cut_is_at_the_widest_silence_near_the_target() -> None:
    turns = _segments((0.0, 20.0), (20.5, 40.0), (42.0, 55.0), (55.5, 80.0), (80.5, 300.0))

    assert _plan(turns, 300.0)[0] == Segment(start=0.0, end=40.2)


@pytest.mark.parametrize(("seconds", "at_least"), [(45.0, 2), (60.0, 2), (120.0, 4)])
def test_a_short_meeting_gives_several_workers_something_to_do(seconds: float, at_least: int) -> None:
    turns = [Segment(start=start, end=start + 4.0) for start in np.arange(0.0, seconds, 5.0)]

    assert at_least <= len(_plan(turns, seconds)) <= 8


def test_a_few_sentences_stay_in_one_chunk() -> None:
    assert len(_plan(_segments((1.0, 5.0), (5.5, 9.0), (10.0, 15.0)), 16.0)) == 1


def test_a_long_meeting_gets_chunks_of_about_the_target() -> None:
    turns, duration = _random_turns(3, num=2000, longest=12.0, widest_gap=2.0)

    lengths = [chunk.duration for chunk in _plan(turns, duration)]

    assert 40.0 < np.mean(lengths) < 60.0


def test_speech_without_silence_is_cut_at_its_quietest_place() -> None:
    asked: list[Segment] = []

    def quietest(segment: Segment) -> float:
        asked.append(segment)
        return segment.start + 7.0

    pieces = split_stretch(Segment(start=100.0, end=300.0), RULES, quietest)

    assert pieces[0] == Segment(start=100.0, end=137.0)
    assert asked[0] == Segment(start=130.0, end=190.0)
    assert all(piece.duration <= 90.0 for piece in pieces)
    assert (pieces[0].start, pieces[-1].end) == (100.0, 300.0)


def test_a_meeting_without_turns_gives_one_chunk_of_zero_length() -> None:
    assert _plan([], 300.0) == _segments((0.0, 0.0))


def test_turns_past_the_end_are_cut_off() -> None:
    assert speech_stretches(_segments((5.0, 99.0), (120.0, 130.0)), 60.0) == _segments((4.8, 60.0))
