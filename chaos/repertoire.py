"""What clients hand in: recordings that work in spite of some trouble, and poison."""

import random
from dataclasses import dataclass

from chaos import inputs
from chaos.inputs import Upload
from chaos.instruction import Fault, Place

CAST = (0, 1, 2, 3)
"""Voices that are enrolled before anything else happens; meetings have these and others."""

_VOICES = ((0, 1), (2, 3), (1, 100), (101, 102), (3, 3))
_CLIENT_VOICES = range(200, 256)
"""Enrolled by clients and heard in no meeting: results do not depend on who is enrolled meanwhile."""

_TROUBLED = 0.12
_TROUBLE: tuple[tuple[Place, Fault], ...] = (
    ("normalize", "crash_once"),
    ("diarize", "error_once"),
    ("transcribe", "slow"),
    ("summarize", "error_once"),
)


@dataclass(frozen=True)
class Poison:
    """An input that never works."""

    name: str
    place: Place
    fault: Fault
    kills: str | None = None
    """The service that dies of it, with everything else that its process has in hand."""


POISON = (
    Poison("kills-normalizer", "normalize", "kill_worker", "normalizer"),
    Poison("kills-diarizer", "diarize", "kill_worker", "diarizer"),
    Poison("kills-transcriber", "chunk", "kill_worker", "transcriber"),
    Poison("kills-summarizer", "summarize", "kill_worker", "summarizer"),
    Poison("kills-enroller", "enroll", "kill_worker", "diarizer"),
    Poison("crashes-diarizer", "diarize", "segfault"),
    Poison("exhausts-diarizer", "diarize", "exhaust"),
    Poison("hangs-transcriber", "transcribe", "hang"),
    Poison("exhausts-summarizer", "summarize", "exhaust"),
    Poison("hangs-enroller", "enroll", "hang"),
)


class Repertoire:
    """Makes recordings; no two have the same words."""

    def __init__(self) -> None:
        self._number = 0

    def cast(self) -> list[Upload]:
        """Clips of the voices that meetings know, in the order of `CAST`."""
        return [inputs.sample(self._next(), voice=voice) for voice in CAST]

    def meeting(self, rng: random.Random) -> Upload:
        """A meeting that has to be completed."""
        voices = rng.choice(_VOICES)
        if rng.random() < _TROUBLED:
            place, fault = rng.choice(_TROUBLE)
            return inputs.meeting(self._next(), voices=voices, place=place, fault=fault)
        return inputs.meeting(self._next(), voices=voices)

    def clip(self, rng: random.Random) -> Upload:
        """A sample of a voice that no meeting has."""
        return inputs.sample(self._next(), voice=rng.choice(_CLIENT_VOICES))

    def poison(self, poison: Poison) -> Upload:
        """A meeting, or a sample where that is the place."""
        if poison.place == "enroll":
            return inputs.sample(self._next(), voice=_CLIENT_VOICES[0], place=poison.place, fault=poison.fault)
        return inputs.meeting(self._next(), voices=(101, 102), place=poison.place, fault=poison.fault)

    def _next(self) -> int:
        self._number += 1
        return self._number
