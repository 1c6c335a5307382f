"""Transcripts by hand: what was said, with or without punctuation, and the minutes of it."""

import datetime
from collections.abc import Sequence

from libs.common.minutes import Findings
from libs.common.personas import SHIPPED_PERSONAS, Personas, load_personas
from libs.common.speech import Word
from libs.common.transcript import Transcript, Utterance
from services.summarizer.engines import MinutesRequest
from services.summarizer.engines.extractive import Extractive

PERSONAS: Personas = load_personas(SHIPPED_PERSONAS)

WEDNESDAY = datetime.date(2026, 3, 4)

Lines = Sequence[tuple[str, str]]
"""Speaker and words; `|` stands for a pause of 0.3 seconds."""


def transcript(lines: Lines, *, language: str | None = "en", is_bare: bool = False) -> Transcript:
    """A transcript with half a second between words and ids `u1`, `u2`, …; `is_bare`: no punctuation, no capitals."""
    utterances: list[Utterance] = []
    now = 0.0
    for number, (speaker, text) in enumerate(lines, start=1):
        start, words = now, []
        for token in text.split():
            if token == "|":
                now += 0.3
                continue
            written = "".join(char for char in token.lower() if char not in ",.?!") if is_bare else token
            words.append(Word(start=now, end=now + 0.4, text=written, probability=1.0))
            now += 0.4
        said = " ".join(word.text for word in words)
        utterances.append(
            Utterance(start=start, end=now, label=speaker, id=f"u{number}", text=said, words=tuple(words))
        )
        now += 0.5
    return Transcript(language=language, utterances=tuple(utterances))


def names_of(lines: Lines) -> dict[str, str]:
    """Every speaker under their own name, except the `SPEAKER_…`."""
    return {speaker: speaker for speaker, _ in lines if not speaker.startswith("SPEAKER")}


def request_for(
    lines: Lines,
    *,
    persona: str = "project_manager",
    day: datetime.date | None = WEDNESDAY,
    language: str | None = "en",
    is_bare: bool = False,
    vocabulary: tuple[str, ...] = (),
) -> MinutesRequest:
    """What the engine is asked for a meeting of these lines."""
    return MinutesRequest(
        persona=PERSONAS.get(persona),
        transcript=transcript(lines, language=language, is_bare=is_bare),
        names=names_of(lines),
        day=day,
        vocabulary=vocabulary,
    )


def minutes_of(
    lines: Lines,
    *,
    persona: str = "project_manager",
    day: datetime.date | None = WEDNESDAY,
    is_bare: bool = False,
    vocabulary: tuple[str, ...] = (),
) -> Findings:
    """What the extractive engine finds in these lines."""
    request = request_for(lines, persona=persona, day=day, is_bare=is_bare, vocabulary=vocabulary)
    return Extractive().find(request)
