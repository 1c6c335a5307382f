"""What was cancelled or deleted, in one sentence."""

from cli.answers.meetings import Cancellation, MeetingReceipt
from cli.answers.speakers import SpeakerReceipt


def cancelled(answer: Cancellation) -> str:
    """What cancelling a run of a meeting did."""
    return f"Cancelled meeting {answer.meeting_id}, run {answer.run_id}; what was there already stays readable."


def deleted_meeting(receipt: MeetingReceipt) -> str:
    """What deleting a meeting removed."""
    removed = f"{_count(receipt.runs, 'run')} and {_count(receipt.objects, 'object')}"
    return f"Deleted meeting {receipt.meeting_id}: {removed}.{_pending(is_pending=receipt.pending)}"


def erased_speaker(receipt: SpeakerReceipt) -> str:
    """What erasing a speaker removed."""
    voice = (
        _count(receipt.samples, "sample"),
        _count(receipt.voiceprints, "voiceprint"),
        f"{_count(receipt.embeddings, 'speaker embedding')} from meetings",
        _count(receipt.objects, "object"),
    )
    made_again = f"{_count(receipt.galleries, 'gallery', 'galleries')} made again without this voice"
    removed = f"{', '.join(voice)}; {made_again}"
    return f"Erased speaker {receipt.speaker_id}: {removed}.{_pending(is_pending=receipt.pending)}"


def _count(number: int, one: str, several: str | None = None) -> str:
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def _pending(*, is_pending: bool) -> str:
    return " Something is left to remove, because a dependency did not answer; it is tried again." if is_pending else ""
