"""What all engines of the test services share: they do as the recording tells them, and take their time over it."""

import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from chaos.instruction import CODE_DIGITS, Instruction, Place
from chaos.misbehaviour import misbehave
from chaos.tones import read_tones
from libs.common import progress
from libs.common.child_process import ChildLimits
from libs.common.engine import EngineInfo

_STEPS = 5
_SLOWNESS = 10
_MEMORY_OF_CODE = 2**28
_LARGE = 2**2000 - 1

INFO = EngineInfo(name="chaos", models={"all": "chaos@1"})


class WorkSettings(BaseSettings):
    """Mixed into the settings of each test service."""

    chaos_work: float = Field(default=0.2, ge=0)
    """Seconds that a unit takes: half of them computing with the interpreter's lock, half of them asleep."""

    chaos_marks: Path
    """A folder in which faults that strike once leave a mark."""

    stall_limit: float = Field(default=3.0, gt=0)
    """Seconds without progress after which an engine's process is given up."""

    engine_memory_mb: int = Field(default=384, ge=256)
    """Resident memory that an engine's process may use."""

    @property
    def limits(self) -> ChildLimits:
        """For the engine's child processes."""
        return ChildLimits(stall=self.stall_limit, memory_bytes=self.engine_memory_mb * 2**20)


@dataclass(frozen=True)
class Obedience:
    """Does what recordings say."""

    seconds: float
    marks: Path
    memory_bytes: int

    @classmethod
    def of(cls, settings: WorkSettings) -> "Obedience":
        """As the settings want it; a process that is to outgrow its limit stops a little above it."""
        return cls(settings.chaos_work, settings.chaos_marks, settings.engine_memory_mb * 2**20 + _MEMORY_OF_CODE)

    def obey(self, instruction: Instruction, place: Place) -> None:
        """Suffer the fault if it strikes here, and then work."""
        misbehave(instruction, place, marks=self.marks, memory_bytes=self.memory_bytes)
        is_slow = instruction.fault == "slow" and instruction.place == place
        step = self.seconds * (_SLOWNESS if is_slow else 1) / _STEPS
        for number in range(_STEPS):
            _compute(step / 2)
            time.sleep(step / 2)
            progress.report((number + 1) / _STEPS)


def hear(audio: Path) -> Instruction:
    """What a normalized recording says."""
    return Instruction.parse(read_tones(audio, CODE_DIGITS))


def _compute(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pow(3, _LARGE, _LARGE)  # some milliseconds in which no other thread of this process runs
