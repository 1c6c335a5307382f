"""What the API answers about units that were given up."""

import datetime
from typing import Literal

from pydantic import Field

from libs.common.outcome import Outcome
from services.gateway.schemas.answers import Answer


class DeadLetter(Answer):
    """A unit that was given up, and that nobody has looked at yet."""

    event: str = Field(examples=["b6a1d9e4-92a7-4c57-8a30-5d0a7b1f6c22/transcribe.00003#0"])
    """The event that says so."""

    kind: Literal["failed", "fell_back"]
    """`fell_back`: the stage gave something else instead, such as a gap in the transcript."""

    code: str = Field(examples=["engine_crashed"])
    message: str
    attempts: int
    input: str | None
    """The event that asked for the unit."""

    run_id: str
    stage: str
    part: str
    meeting_id: str | None
    title: str | None
    """The meeting's, if it has one."""

    filename: str | None
    """Of the recording, or of the sample."""

    speaker_id: str | None
    speaker_name: str | None
    sample_id: str | None
    at: datetime.datetime


class DeadLetterPage(Answer):
    """Some dead letters, newest first."""

    letters: tuple[DeadLetter, ...]
    codes: dict[str, int]
    """How many there are of each code, on all pages."""

    next_cursor: str | None
    """Give it as `cursor` for the next page; `null` on the last one."""


class DeadLetterDetails(Answer):
    """A dead letter with the outcome of its unit, which holds the input event."""

    letter: DeadLetter
    outcome: Outcome | None
    """`null` if the unit's worker could not even write one."""


class DroppedLetters(Answer):
    """Dead letters that were taken off the list; nothing else has changed."""

    count: int
    events: tuple[str, ...]
    dry_run: bool
    """True if they only would have been."""


class RetryRefusal(Answer):
    """Why a run could not be retried."""

    code: str = Field(examples=["run_in_progress"])
    message: str


class RetriedRun(Answer):
    """A run whose dead letters are done again."""

    origin_run_id: str
    run_id: str | None
    """The new run that does them; everything else it takes over. `null` in a dry run, or if there is an error."""

    meeting_id: str | None
    sample_id: str | None
    events: tuple[str, ...]
    """The dead letters that have left the list."""

    error: RetryRefusal | None


class RetriedLetters(Answer):
    """Dead letters that are done again, by run."""

    count: int
    runs: tuple[RetriedRun, ...]
    dry_run: bool
    """True if they only would have been."""
