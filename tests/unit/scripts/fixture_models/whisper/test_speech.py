"""When flite says which word."""

from scripts.fixture_models.whisper.speech import Timed, read_phones, time_words

PHONES = (
    Timed("pau", 0, 0.2),
    Timed("g", 0.2, 0.3),
    Timed("uh", 0.3, 0.4),
    Timed("d", 0.4, 0.5),
    Timed("pau", 0.5, 0.7),
)


def test_phones_begin_where_the_last_one_ended() -> None:
    assert read_phones("pau:0.2 g:0.3 uh:0.4 d:0.5 pau:0.7 ") == PHONES


def test_words_have_the_times_of_their_phones_without_the_pauses_around() -> None:
    phones = (*PHONES, Timed("ay", 0.7, 0.9), Timed("pau", 0.9, 1.0))

    assert time_words(["good", "I"], [3, 1], phones) == (Timed("good", 0.2, 0.5), Timed("I", 0.7, 0.9))


def test_words_share_the_phones_by_their_letters_where_the_counts_do_not_add_up() -> None:
    words = time_words(["go", "d"], [2, 2], PHONES)

    assert words == (Timed("go", 0.2, 0.4), Timed("d", 0.4, 0.5))
