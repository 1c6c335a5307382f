"""An event with the report of its unit, as clients read it: from a stream entry or from a row, the same."""

import datetime
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from libs.common.events import StageFailed
from libs.common.outcome import GivenUp, Report, Unit
from libs.common.streams.entry import fact_name
from services.gateway.schemas.events import EventSummary

_BODY = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True)
class Published:
    """An event as it is kept: its JSON and that of its report."""

    publisher: Unit
    position: int
    stream: str
    event: str
    report: str
    at: datetime.datetime

    def summary(self) -> EventSummary:
        """What it says.

        Raises:
            ValueError: It is not the JSON of an event and a report.
        """
        body = _BODY.validate_json(self.event)
        report = Report.model_validate_json(self.report)
        return EventSummary(
            event=fact_name(self.publisher, self.position),
            stream=self.stream,
            run_id=self.publisher.run_id,
            stage=self.publisher.stage,
            part=self.publisher.part,
            meeting_id=_text(body, "meeting_id"),
            speaker_id=_text(body, "speaker_id"),
            sample_id=_text(body, "sample_id"),
            at=self.at,
            started_at=report.started_at,
            seconds=round(report.seconds, 3),
            attempts=report.attempts,
            engine=report.engine.name if report.engine else None,
            warnings=report.warnings,
            given_up=report.given_up or _failure(self.stream, body),
            body=body,
        )


def _failure(stream: str, body: dict[str, JsonValue]) -> GivenUp | None:
    """What the event itself says, where the release that published it did not put it into the report."""
    prefix = "" if stream == StageFailed.stream else "error_"
    code = _text(body, f"{prefix}code")
    return GivenUp(code=code, message=_text(body, f"{prefix}message") or "") if code else None


def _text(body: dict[str, JsonValue], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None
