"""The sample meetings with their references, and the settings that tests of the pyannote engine start from."""

from collections.abc import Iterable
from pathlib import Path

from libs.common.rttm import read_rttm
from libs.common.scoring.diarization import align_turns
from libs.common.speech import SpeakerBounds, Turn
from services.diarizer.settings import DiarizerSettings

PIPELINE = Path("tests/models/pyannote")
PLANNING = Path("samples/planning/planning.flac")
SHORT = Path("samples/short/short.flac")
FREE = SpeakerBounds()

DER_BOUND = 0.05
"""The small pipeline makes 2 %; without overlaps, with labels mixed up or times shifted it is more."""


def settings(**more: object) -> DiarizerSettings:
    """The small pipeline on one thread."""
    chosen = {"diarizer_engine": "pyannote", "pyannote_pipeline": str(PIPELINE), "pyannote_threads": 1, **more}
    return DiarizerSettings.model_validate(chosen)


def reference(recording: Path) -> tuple[Turn, ...]:
    return read_rttm(recording.with_suffix(".rttm").read_text())


def error_rate(recording: Path, turns: Iterable[Turn]) -> float:
    """DER without collar, overlaps counted."""
    der = align_turns(reference(recording), tuple(turns)).errors.der
    assert der is not None
    return der


def names_of(recording: Path, turns: Iterable[Turn]) -> dict[str, str]:
    """Name in the reference → label."""
    return align_turns(reference(recording), tuple(turns)).labels
