"""DER with its parts, by pyannote.metrics."""

from collections.abc import Iterable

from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as CoreSegment
from pyannote.metrics.diarization import DiarizationErrorRate
from pydantic import computed_field

from libs.common.speech import Frozen, Turn


class DiarizationErrors(Frozen):
    """What DER is made of, in seconds of speech; overlapping speakers count once each."""

    speech: float = 0.0
    """Of the reference, within the collar's rule."""

    missed: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def der(self) -> float | None:
        """Diarization error rate, 0 to (above) 1; `None` without speech in the reference."""
        return (self.missed + self.false_alarm + self.confusion) / self.speech if self.speech else None

    def __add__(self, other: "DiarizationErrors") -> "DiarizationErrors":
        return DiarizationErrors(
            speech=self.speech + other.speech,
            missed=self.missed + other.missed,
            false_alarm=self.false_alarm + other.false_alarm,
            confusion=self.confusion + other.confusion,
        )


def diarization_errors(
    reference: Iterable[Turn], hypothesis: Iterable[Turn], *, duration: float, collar: float = 0.0
) -> DiarizationErrors:
    """Compare over the whole recording; overlapped speech is scored.

    Args:
        reference: The true turns.
        hypothesis: The turns under test; their labels are mapped to the true ones in the best possible way.
        duration: Seconds of the recording.
        collar: Seconds before and after each boundary of the reference that are not scored.
    """
    metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=False)
    scored = Timeline([CoreSegment(0, duration)])
    parts = metric(annotation(reference), annotation(hypothesis), uem=scored, detailed=True)
    return DiarizationErrors(
        speech=parts["total"],
        missed=parts["missed detection"],
        false_alarm=parts["false alarm"],
        confusion=parts["confusion"],
    )


def annotation(turns: Iterable[Turn]) -> Annotation:
    """Turns in pyannote's form."""
    result = Annotation()
    for track, turn in enumerate(turns):
        result[CoreSegment(turn.start, turn.end), track] = turn.label
    return result
