"""What a recording tells the engines of the test services: who talks, and what they must suffer for it, and where."""

import zlib
from dataclasses import dataclass
from typing import Literal, get_args

Place = Literal["normalize", "diarize", "chunk", "transcribe", "summarize", "enroll"]
"""Where a fault strikes; `chunk` is the first chunk of a meeting, `transcribe` is every one."""

Fault = Literal[
    "none",
    "slow",
    "error",
    "error_once",
    "crash",
    "crash_once",
    "segfault",
    "hang",
    "exhaust",
    "kill_worker",
    "kill_worker_once",
]
"""`crash` ends the engine's process, `kill_worker` the whole service; `_once` strikes only the first attempt."""

PLACES: tuple[Place, ...] = get_args(Place)
FAULTS: tuple[Fault, ...] = get_args(Fault)

CODE_DIGITS = 14
"""Length of a code."""


@dataclass(frozen=True)
class Instruction:
    """The content of a recording."""

    number: int
    """Which recording it is, below 2**24: recordings of different numbers have different words."""

    voices: tuple[int, int] = (0, 1)
    """Who talks, in turns; each below 256. In a sample only the first one does."""

    place: Place = "normalize"
    fault: Fault = "none"

    @property
    def code(self) -> str:
        """As hexadecimal digits with a checksum; every word of a transcript holds it."""
        first, second = self.voices
        digits = f"{self.number:06x}{PLACES.index(self.place):x}{FAULTS.index(self.fault):x}{first:02x}{second:02x}"
        return digits + _checksum(digits)

    @classmethod
    def parse(cls, code: str) -> "Instruction":
        """Read a code.

        Raises:
            ValueError: It is none.
        """
        digits, checksum = code[:-2], code[-2:]
        if len(code) != CODE_DIGITS or _checksum(digits) != checksum:
            raise ValueError(f"{code!r} is no code of an instruction")
        number, place, fault, first, second = (
            int(digits[slice(*span)], 16) for span in ((0, 6), (6, 7), (7, 8), (8, 10), (10, 12))
        )
        return cls(number=number, voices=(first, second), place=PLACES[place], fault=FAULTS[fault])


def _checksum(digits: str) -> str:
    return f"{zlib.crc32(digits.encode()) & 0xFF:02x}"
