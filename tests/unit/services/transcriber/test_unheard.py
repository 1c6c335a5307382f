from libs.common.speech import Segment
from services.transcriber.unheard import listed, unheard_speech


def _segments(*pairs: tuple[float, float]) -> list[Segment]:
    return [Segment(start=start, end=end) for start, end in pairs]


def test_a_turn_without_any_word_is_unheard() -> None:
    turns = _segments((0.0, 4.0), (5.0, 6.2), (8.0, 9.0))
    words = _segments((0.1, 0.5), (0.6, 2.2), (2.4, 3.8))

    assert unheard_speech(turns, words) == _segments((5.0, 6.2), (8.0, 9.0))


def test_a_short_sound_is_no_loss() -> None:
    assert unheard_speech(_segments((0.0, 0.9)), []) == []


def test_pauses_beside_words_are_no_loss_but_longer_holes_are() -> None:
    turns = _segments((0.0, 20.0))
    words = _segments((1.2, 2.0), (3.9, 5.0), (7.1, 18.6))

    assert unheard_speech(turns, words) == _segments((5.0, 7.1))


def test_the_words_of_one_turn_do_not_account_for_the_next() -> None:
    turns = _segments((0.0, 2.0), (2.0, 3.1))

    assert unheard_speech(turns, _segments((0.2, 1.0), (1.1, 2.0))) == _segments((2.0, 3.1))


def test_turns_that_overlap_are_told_once() -> None:
    turns = _segments((0.0, 3.0), (1.0, 5.0))

    assert unheard_speech(turns, []) == _segments((0.0, 5.0))


def test_a_word_that_is_heard_in_an_overlap_counts_for_both() -> None:
    turns = _segments((0.0, 2.0), (0.5, 1.9))

    assert unheard_speech(turns, _segments((0.2, 0.9), (1.0, 1.9))) == []


def test_order_of_the_words_does_not_matter() -> None:
    words = _segments((3.0, 4.0), (0.0, 1.0), (1.2, 2.8))

    assert unheard_speech(_segments((0.0, 4.0)), words) == []


def test_times_are_listed_and_the_rest_is_counted() -> None:
    segments = _segments(*((10.0 * n, 10.0 * n + 2.5) for n in range(200)))

    assert listed(segments[:2]) == "0.0 to 2.5 s, 10.0 to 12.5 s"
    assert listed(segments).endswith("and 192 more")
    assert len(listed(segments)) < 200
