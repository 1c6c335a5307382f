"""DER with its parts, by pyannote.metrics."""

from collections.abc import Iterable

from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as CoreSegment
from pyannote.metrics.diarization import DiarizationErrorRate

from libs.common.scoring.diarization import DiarizationErrors
from libs.common.speech import Turn


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
