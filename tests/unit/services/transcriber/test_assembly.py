from libs.common.speech import Segment, Turn, Word
from libs.common.transcript import ChunkWords, Gap
from services.transcriber.assembly import assemble, join_words


def _turn(start: float, end: float, label: str) -> Turn:
    return Turn(start=start, end=end, label=label)


def _words(*words: tuple[float, float, str]) -> tuple[Word, ...]:
    return tuple(Word(start=start, end=end, text=text, probability=0.9) for start, end, text in words)


def _chunk(words: tuple[Word, ...], *, index: int = 0, language: str | None = "en") -> ChunkWords:
    return ChunkWords(index=index, segment=Segment(start=0, end=100), language=language, words=words)


def test_each_turn_with_words_is_an_utterance() -> None:
    turns = [_turn(0.0, 3.0, "A"), _turn(3.5, 4.0, "B"), _turn(4.2, 6.0, "A")]
    chunk = _chunk(_words((0.2, 0.6, "good"), (0.7, 1.2, "morning"), (4.3, 4.6, "so")))

    transcript = assemble([chunk], [], turns)

    assert [(one.id, one.label, one.start, one.end, one.text) for one in transcript.utterances] == [
        ("u0001", "A", 0.0, 3.0, "good morning"),
        ("u0002", "A", 4.2, 6.0, "so"),
    ]
    assert transcript.language == "en"


def test_an_interruption_stands_where_it_was_said() -> None:
    turns = [_turn(0.0, 9.0, "A"), _turn(4.0, 5.0, "B")]
    chunk = _chunk(_words((1.0, 1.5, "we"), (2.0, 2.5, "should"), (4.1, 4.6, "no"), (6.0, 6.5, "go")))

    utterances = assemble([chunk], [], turns).utterances

    assert [(one.label, one.text, one.start, one.end) for one in utterances] == [
        ("A", "we should", 1.0, 2.5),
        ("B", "no", 4.0, 5.0),
        ("A", "go", 6.0, 6.5),
    ]


def test_chunks_may_come_in_any_order() -> None:
    turns = [_turn(0.0, 50.0, "A")]
    late = _chunk(_words((20.0, 20.5, "world")), index=1)
    early = _chunk(_words((1.0, 1.5, "hello")), index=0)

    assert [one.text for one in assemble([late, early], [], turns).utterances] == ["hello world"]


def test_a_word_outside_of_every_turn_is_kept_and_widens_its_utterance() -> None:
    chunk = _chunk(_words((1.0, 1.5, "in"), (2.5, 3.0, "out")))

    (utterance,) = assemble([chunk], [], [_turn(1.0, 2.0, "A")]).utterances

    assert (utterance.text, utterance.start, utterance.end) == ("in out", 1.0, 3.0)


def test_a_turn_that_goes_on_for_long_is_cut_at_pauses() -> None:
    words = _words(*((float(n), n + (0.4 if n % 10 == 9 else 0.9), f"w{n}") for n in range(100)))

    utterances = assemble([_chunk(words)], [], [_turn(0.0, 100.0, "A")]).utterances

    assert [len(one.words) for one in utterances] == [40, 40, 20]
    assert tuple(word for one in utterances for word in one.words) == words


def test_gaps_are_kept_by_time() -> None:
    gaps = [Gap(start=start, end=start + 1, code="engine_crashed", message="died") for start in (50.0, 10.0)]

    assert [gap.start for gap in assemble([], gaps, [_turn(0, 99, "A")]).gaps] == [10.0, 50.0]


def test_the_language_is_the_one_most_words_are_in() -> None:
    turns = [_turn(0.0, 50.0, "A")]
    one, two = _words((1.0, 1.5, "oui")), _words((2.0, 2.5, "so"), (3.0, 3.5, "what"))

    transcript = assemble(
        [_chunk(one, language="fr"), _chunk(two, index=1), _chunk((), index=2, language=None)], [], turns
    )

    assert transcript.language == "en"
    assert assemble([_chunk((), language=None)], [], turns).language is None


def test_nothing_said_gives_an_empty_transcript() -> None:
    assert assemble([_chunk(())], [], []).utterances == ()


def test_text_is_joined_as_its_language_writes_it() -> None:
    english = _words((0, 1, " Hello"), (1, 2, ","), (2, 3, " it's"), (3, 4, " me"), (4, 5, "."))

    assert join_words(english, "en") == "Hello, it's me."
    assert join_words(_words((0, 1, "今日"), (1, 2, "は")), "ja") == "今日は"
