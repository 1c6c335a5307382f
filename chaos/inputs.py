"""Tiny recordings with an instruction, and what each must come to when nothing else disturbs it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from chaos.inscription import inscription
from chaos.instruction import Fault, Instruction, Place
from chaos.speech import MEETING_SECONDS, SAMPLE_SECONDS, spoken_turns, spoken_words
from chaos.tones import write_tones
from libs.common.speech import Turn, label_name

SUFFIX = "wav"

_CODES: Mapping[Fault, str] = {
    "error": "engine_unavailable",
    "crash": "engine_crashed",
    "segfault": "engine_crashed",
    "exhaust": "engine_crashed",
    "hang": "engine_stalled",
    "kill_worker": "worker_crashed",
}
"""Faults that use up all attempts, and the error that remains."""

_ANYWHERE: frozenset[Fault] = frozenset({"none", "crash", "crash_once", "kill_worker", "kill_worker_once"})
_IN_ENGINES = _ANYWHERE | {"slow", "error", "error_once", "segfault", "hang", "exhaust"}
_SAMPLE_PLACES: frozenset[Place] = frozenset({"normalize", "enroll"})


@dataclass(frozen=True)
class Expected:
    """What must become of a recording."""

    status: Literal["completed", "failed"]
    error: str | None = None
    """Code of what it failed with."""

    warnings: frozenset[str] = frozenset()
    """Codes; each is there at least once, and no other is."""

    voices: Mapping[str, int | None] | None = None
    """Label → voice, `None` for one that nobody can know."""

    utterances: tuple[tuple[str, str], ...] = ()
    """Label and text, in order."""

    has_minutes: bool = False

    def is_end(self, *, is_completed: bool, error: str | None) -> bool:
        """Whether a recording may end so: under one that fails anyhow, other faults may have ended the last attempt."""
        if is_completed or self.status == "completed":
            return is_completed and self.status == "completed" and error is None
        return error in {self.error, _CODES["kill_worker"], _CODES["crash"], _CODES["hang"]}


@dataclass(frozen=True)
class Upload:
    """A recording to hand in."""

    instruction: Instruction
    content: bytes
    expected: Expected


def meeting(
    number: int, *, voices: tuple[int, int] = (0, 1), place: Place = "normalize", fault: Fault = "none"
) -> Upload:
    """A meeting of 3.2 s, three turns and three chunks.

    Raises:
        ValueError: There is no such fault at this place.
    """
    instruction = Instruction(number=number, voices=voices, place=place, fault=fault)
    _check(instruction, is_sample=False)
    return Upload(instruction, _content(instruction, MEETING_SECONDS), expected_meeting(instruction))


def sample(number: int, *, voice: int = 0, place: Place = "normalize", fault: Fault = "none") -> Upload:
    """An enrolment clip of 2 s.

    Raises:
        ValueError: There is no such fault at this place.
    """
    instruction = Instruction(number=number, voices=(voice, voice), place=place, fault=fault)
    _check(instruction, is_sample=True)
    error = _CODES.get(fault)
    expected = Expected("failed", error) if error else Expected("completed", voices={label_name(0): voice})
    return Upload(instruction, _content(instruction, SAMPLE_SECONDS), expected)


def expected_meeting(instruction: Instruction) -> Expected:
    """What an undisturbed line makes of a meeting."""
    error = _CODES.get(instruction.fault)
    turns, voices = spoken_turns(instruction)
    utterances = tuple((turn.label, _text(instruction, turn)) for turn in turns)
    whole = Expected("completed", voices=dict(voices), utterances=utterances, has_minutes=True)
    if error is None:
        return whole
    one_voice = {label_name(0): None}
    said = " ".join(text for _, text in utterances)
    by_place: Mapping[Place, Expected] = {
        "normalize": Expected("failed", error),
        "diarize": replace(_warned(whole, "diarization_failed"), voices=one_voice, utterances=((label_name(0), said),)),
        "chunk": replace(_warned(whole, "chunk_failed"), utterances=utterances[1:]),
        "transcribe": Expected("failed", "transcription_failed"),
        "summarize": replace(_warned(whole, "minutes_failed"), has_minutes=False),
    }
    return by_place[instruction.place]


def _warned(expected: Expected, code: str) -> Expected:
    return replace(expected, warnings=frozenset({code}))


def _text(instruction: Instruction, turn: Turn) -> str:
    return " ".join(word.text for word in spoken_words(instruction, turn))


def _content(instruction: Instruction, duration: float) -> bytes:
    return write_tones(instruction.code, duration=duration, comment=inscription(instruction))


def _check(instruction: Instruction, *, is_sample: bool) -> None:
    allowed = _ANYWHERE if instruction.place == "normalize" else _IN_ENGINES
    is_here = instruction.place in _SAMPLE_PLACES if is_sample else instruction.place != "enroll"
    if instruction.fault not in allowed or not is_here:
        kind = "sample" if is_sample else "meeting"
        raise ValueError(f"a {kind} cannot suffer {instruction.fault} at {instruction.place}")
