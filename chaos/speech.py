"""What is said in a recording, as a function of its instruction."""

import hashlib
import re
from collections.abc import Sequence

from chaos.instruction import CODE_DIGITS, Instruction
from libs.common.speech import Segment, Turn, Word, label_name

MEETING_SECONDS = 3.2
SAMPLE_SECONDS = 2.0

_NUM_TURNS = 3
_TURN_SECONDS = 0.5
_PERIOD_SECONDS = 1.0
_WORD_SECONDS = 0.2
_WORD = re.compile(rf"([0-9a-f]{{{CODE_DIGITS}}})-(\d+)")


def spoken_turns(instruction: Instruction) -> tuple[tuple[Turn, ...], dict[str, int]]:
    """The turns of a meeting, far enough apart to be chunks of their own, and label → voice."""
    order = list(dict.fromkeys(instruction.voices))
    turns = []
    for number in range(_NUM_TURNS):
        voice = instruction.voices[number % 2]
        start = number * _PERIOD_SECONDS
        turns.append(Turn(start=start, end=start + _TURN_SECONDS, label=label_name(order.index(voice))))
    return tuple(turns), {label_name(index): voice for index, voice in enumerate(order)}


def spoken_words(instruction: Instruction, segment: Segment) -> tuple[Word, ...]:
    """The words whose middle lies in the segment: however a meeting is cut, each is heard once."""
    words = []
    for number in range(2 * _NUM_TURNS):
        turn, second = divmod(number, 2)
        start = turn * _PERIOD_SECONDS + second * _WORD_SECONDS
        words.append(Word(start=start, end=start + _WORD_SECONDS, text=f"{instruction.code}-{number}", probability=1.0))
    return tuple(word for word in words if segment.start <= word.middle < segment.end)


def instruction_of(text: str) -> Instruction:
    """The instruction of the recording in which this was said.

    Raises:
        ValueError: Nobody said anything of the kind.
    """
    found = _WORD.search(text)
    if found is None:
        raise ValueError(f"{text!r} holds no word of a recording")
    return Instruction.parse(found[1])


def summary_of(utterances: Sequence[tuple[str, str]], persona: str) -> str:
    """The summary of a transcript, given as (speaker, text): another one where a single word or name differs."""
    said = "\n".join(f"{speaker}: {text}" for speaker, text in utterances)
    return f"{len(utterances)} utterances for {persona}: {hashlib.sha256(said.encode()).hexdigest()}"
