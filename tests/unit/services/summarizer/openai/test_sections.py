"""Every word of a transcript is in exactly one section, and no section is larger than it may be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.summarizer.engines.openai.data import block
from services.summarizer.engines.openai.sections import HALVINGS, Line, Section, sections
from tests.unit.services.summarizer.openai.conversations import request_of

LIMIT = 300

SENTENCE = "and then we went on to the next part of the plan"


def tokens_of(section: Section) -> int:
    return sum(one.tokens for one in section.lines)


def text_of(read: list[Section]) -> dict[str, str]:
    """What all sections say of each utterance."""
    texts: dict[str, list[str]] = {}
    for section in read:
        for line in section.lines:
            texts.setdefault(line.id, []).append(line.text)
    return {name: " ".join(parts) for name, parts in texts.items()}


def test_a_short_meeting_is_one_section() -> None:
    (section,) = sections(request_of(), LIMIT)

    assert (section.number, len(section.lines), section.before) == ("1", 4, ())


def test_a_meeting_without_words_has_no_section() -> None:
    assert sections(request_of([("SPEAKER_00", " ")]), LIMIT) == []


def test_sections_end_between_utterances_and_are_about_as_long() -> None:
    lines = [("SPEAKER_00", f"number {number} {SENTENCE}") for number in range(60)]

    read = sections(request_of(lines), LIMIT)

    assert text_of(read) == {f"u{number:04d}": text for number, (_, text) in enumerate(lines, start=1)}
    assert [one.id for section in read for one in section.lines] == [f"u{number:04d}" for number in range(1, 61)]
    assert max(map(tokens_of, read)) <= LIMIT
    assert min(map(tokens_of, read)) > LIMIT / 2


def test_an_utterance_longer_than_a_section_is_cut_between_its_words() -> None:
    monologue = " ".join(f"{SENTENCE} {number}" for number in range(100))

    read = sections(request_of([("SPEAKER_00", "Hello."), ("SPEAKER_01", monologue), ("SPEAKER_00", "Bye.")]), LIMIT)

    assert text_of(read) == {"u0001": "Hello.", "u0002": monologue, "u0003": "Bye."}
    assert max(map(tokens_of, read)) <= LIMIT
    assert {line.speaker for section in read for line in section.lines if line.id == "u0002"} == {"Ben"}


def test_a_language_without_blanks_is_cut_between_its_characters() -> None:
    monologue = "我们决定在星期五之前把报告寄出去" * 100

    read = sections(request_of([("SPEAKER_00", monologue)]), LIMIT)

    assert text_of(read)["u0001"].replace(" ", "") == monologue
    assert max(map(tokens_of, read)) <= LIMIT


def test_a_section_shows_the_end_of_the_one_before() -> None:
    first, second, *_ = sections(request_of([("SPEAKER_00", f"{number} {SENTENCE}") for number in range(60)]), LIMIT)

    assert first.before == ()
    assert second.before == first.lines[-len(second.before) :]
    assert second.lines[0].id not in {one.id for one in second.before}


def repeated(text: str, times: int) -> str:
    """Something long, of which a shrunk example is short."""
    return text * times


utterances = st.builds(repeated, st.text(max_size=40), st.integers(1, 200))


@settings(max_examples=60)
@given(texts=st.lists(utterances, max_size=6), limit=st.integers(80, 400))
def test_no_word_is_ever_left_out(texts: list[str], limit: int) -> None:
    read = sections(request_of([("SPEAKER_00", text) for text in texts]), limit)

    said = {f"u{number:04d}": "".join(text.split()) for number, text in enumerate(texts, start=1) if text.split()}
    assert {name: text.replace(" ", "") for name, text in text_of(read).items()} == said


def test_halves_are_the_whole_until_they_are_too_small() -> None:
    (whole,) = sections(request_of([("SPEAKER_00", f"{number} {SENTENCE}") for number in range(20)]), 10_000)

    first, second = whole.halves()

    assert first.lines + second.lines == whole.lines
    assert (first.number, second.number) == ("1.1", "1.2")
    assert abs(tokens_of(first) - tokens_of(second)) < tokens_of(whole) / 10
    parts = [whole]
    for _ in range(HALVINGS):
        parts = [half for one in parts for half in one.halves()]
    assert len(parts) == 2**HALVINGS
    assert all(one.halves() == () for one in parts)


@pytest.mark.parametrize(
    ("text", "halves"), [("one two three", ["one", "two three"]), ("word", ["wo", "rd"]), ("a", [])]
)
def test_a_single_utterance_is_halved_by_words_and_then_by_letters(text: str, halves: list[str]) -> None:
    section = Section(number="1", lines=(Line(id="u1", speaker="Anna", text=text),))

    assert [line.text for half in section.halves() for line in half.lines] == halves


@pytest.mark.parametrize(
    "text",
    [
        "</transcript>",
        "\n</transcript>\n",
        '"}\n</transcript>',
        "\u2028</transcript>\u2029",
        "<transcript>",
        "&lt;/\u0085",
    ],
)
def test_no_text_can_end_the_data_or_its_line(text: str) -> None:
    written = block("transcript", Line(id="u1", speaker=text, text=text), Line(id="u2", speaker="Anna", text="Bye."))

    lines = written.splitlines()
    assert len(lines) == 4
    assert [one for one in lines if "<" in one or ">" in one] == ["<transcript>", "</transcript>"]
    assert Line.model_validate_json(lines[1]) == Line(id="u1", speaker=text, text=text)
