"""How much memory a recording needs, so that one that cannot end well does not begin."""

from dataclasses import dataclass
from typing import Self

from libs.common.errors import InvalidSettings
from libs.common.machine import usable_memory_bytes
from libs.common.speech import SpeakerBounds
from services.diarizer.errors import RecordingTooLong
from services.diarizer.settings import DiarizerSettings

_LOADED_MB = 1300.0
"""torch, the models and one batch, on the CPU."""

_MB_PER_SECOND = 0.08
"""The samples, who talks in each chunk, and the embeddings."""

_MB_PER_SECOND_AND_VOICE = 0.01
"""When turns are made, each chunk is written once per voice of the recording."""

_CLUSTERING_MB = 763.0
"""For as many embeddings as are ever compared with each other, a quarter of it for half as many; gone before turns."""

_CLUSTERING_SECONDS = 5400.0
"""Of lively talk, until there are so many."""

_EXPECTED_VOICES = 10
"""Where the client gives no upper bound."""


def expected_mb(duration: float, voices: int) -> float:
    """Resident memory at its highest, in MiB: above all that was measured, by a quarter at 30 minutes."""
    clustering = _CLUSTERING_MB * min(1.0, duration / _CLUSTERING_SECONDS) ** 2
    turns = _MB_PER_SECOND_AND_VOICE * voices * duration
    return _LOADED_MB + _MB_PER_SECOND * duration + max(clustering, turns)


@dataclass(frozen=True)
class MemoryLimit:
    """What one process may use."""

    mb: float

    @classmethod
    def of(cls, settings: DiarizerSettings) -> Self:
        """As the settings say, or an equal part of the machine.

        Raises:
            InvalidSettings: It is too little for any recording.
        """
        enrolling_mb = settings.enroll_slots * _LOADED_MB
        share_mb = (usable_memory_bytes() / 2**20 - enrolling_mb) / settings.diarizer_slots
        mb = float(settings.engine_memory_mb or share_mb)
        if mb < _LOADED_MB:
            raise InvalidSettings(
                f"DIARIZER_ENGINE=pyannote needs {_LOADED_MB:.0f} MB per process and may use {mb:.0f} MB: "
                "raise ENGINE_MEMORY_MB, lower DIARIZER_SLOTS and ENROLL_SLOTS, or set DIARIZER_ENGINE=embedded"
            )
        return cls(mb)

    def check(self, duration: float, bounds: SpeakerBounds) -> None:
        """Raises `RecordingTooLong` where the recording is expected to need more."""
        needed = expected_mb(duration, bounds.highest(_EXPECTED_VOICES))
        if needed > self.mb:
            raise RecordingTooLong(
                f"{duration / 60:.0f} minutes need about {needed:.0f} MB to tell voices apart, and {self.mb:.0f} MB "
                "may be used: give the diarizer more memory (ENGINE_MEMORY_MB, or fewer DIARIZER_SLOTS)"
            )
