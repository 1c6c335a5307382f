"""Why a command could not do what it was asked for."""

from collections.abc import Iterable

from cli.answers.answer import Answer, Problem
from cli.answers.meetings import MeetingStatus
from cli.answers.speakers import Reembedding, Sample, Speaker


class CommandFailed(Exception):
    """A text for the person at the terminal; the command ends with `exit_code`."""

    exit_code = 1

    def __init__(self, message: str, answer: Answer | None = None) -> None:
        """`answer` is what `--json` prints: the gateway's last word."""
        super().__init__(message)
        self.message = message
        self.answer = answer


class ServerNotStarted(CommandFailed):
    """An embedded server could not be started."""


class ServiceRefused(CommandFailed):
    """A service cannot work as it is set up; the text is the last line that it wrote."""


class HealthDegraded(CommandFailed):
    """The gateway says that something is wrong."""


class GatewayUnreachable(CommandFailed):
    """Nobody answers at the gateway's address, or somebody who is no gateway."""

    exit_code = 3


class GatewayRefused(CommandFailed):
    """The gateway answered with a problem."""

    exit_code = 4

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{_reasons(problem)} ({problem.code})", problem)
        self.code = problem.code


class KeyRefused(GatewayRefused):
    """The gateway asks for an API key, or refuses the one that it was sent."""

    problem_code = "unauthorized"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        cure = "ask its operator, who makes one with `python -m services.gateway keys create NAME`"
        self.message = f"this gateway wants an API key that it knows. Set HANSARD_API_KEY to one: {cure} (unauthorized)"


class RunNotNamed(CommandFailed):
    """No run of the meeting is called so, or more than one."""

    exit_code = 2


class SpeakerNotNamed(CommandFailed):
    """No speaker is called so."""

    exit_code = 2


class UnitNotNamed(CommandFailed):
    """No recorded unit is called so, or more than one."""

    exit_code = 2


class MeetingFailed(CommandFailed):
    """The meeting ended without a transcript, or was cancelled."""

    exit_code = 5

    def __init__(self, meeting: MeetingStatus, run_id: str | None = None) -> None:
        subject = f"run {run_id} of meeting {meeting.meeting_id}" if run_id else f"meeting {meeting.meeting_id}"
        end = "was cancelled" if meeting.status == "cancelled" else meeting.status
        reason = f": {meeting.error.message} ({meeting.error.code})" if meeting.error else ""
        super().__init__(f"{subject} {end}{reason}", meeting)


class EnrolmentFailed(CommandFailed):
    """Not one clip of those that were handed in could be used."""

    exit_code = 5

    def __init__(self, speaker: Speaker, samples: Iterable[Sample]) -> None:
        faults = [
            f"{sample.filename or sample.sample_id}: {sample.error.message} ({sample.error.code})"
            for sample in samples
            if sample.error
        ]
        outcome = "no clip was added to those" if speaker.status == "enrolled" else "no clip could be used"
        super().__init__(f"{outcome} of {speaker.name}: {'; '.join(faults)}", speaker)


class ReembeddingFailed(CommandFailed):
    """Some samples could not be embedded by the model in use."""

    exit_code = 5

    def __init__(self, answer: Reembedding, failed: int) -> None:
        subject = "1 sample" if failed == 1 else f"{failed} samples"
        cure = "their other voiceprints stay; hansard dead list has them, and hansard dead retry tries again"
        super().__init__(f"{subject} could not be embedded by {answer.model}: {cure}", answer)


def _reasons(problem: Problem) -> str:
    if problem.errors:
        return "; ".join(f"{fault.field}: {fault.message}" for fault in problem.errors)
    detail = problem.detail or problem.title
    if problem.error is None:
        return detail
    reason = f"{problem.error.stage}: {problem.error.message}"
    return reason if detail == problem.error.message else f"{detail}; {reason}"
