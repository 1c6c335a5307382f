"""What a client asked for when it handed in a meeting: the artifact `request.json`."""

import datetime
from typing import Literal

from pydantic import Field

from libs.common.speech import Frozen, SpeakerBounds


class MeetingRequest(Frozen):
    """The options of one meeting; every stage reads what concerns it."""

    version: Literal[1] = 1
    title: str | None = None

    recorded_at: datetime.datetime | None = None
    """When the meeting took place, with its time zone: what "tomorrow" counts from. Without a word from the client,
    the time of acceptance."""

    language: str | None = None
    """ISO 639-1 code, or `None` to let the engine decide."""

    speaker_bounds: SpeakerBounds = SpeakerBounds()

    personas: tuple[str, ...] = Field(default=("executive",), min_length=1)
    """For whom minutes are written."""

    vocabulary: tuple[str, ...] = ()
    """Names and terms that the transcriber should expect."""
