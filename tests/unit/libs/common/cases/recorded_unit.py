"""A recorded unit of a stage of the tests' own, as a case in a folder."""

import datetime
from pathlib import Path

from libs.common.cases.contents import EVENTS, MANIFEST, OBJECTS, Manifest, RecordedEvent, RecordedRun
from libs.common.events import Event, SampleAccepted, SampleNormalized
from libs.common.outcome import Outcome, PublishedEvent, Report, Unit, outcome_key

RUN = "b6a1d9e4-92a7-4c57-8a30-5d0a7b1f6c22"
EVENT = f"{RUN}/accept#0"
FOLDER = f"samples/clip/{RUN}"
UNIT = Unit(run_id=RUN, stage="normalize_sample")
NOW = datetime.datetime(2026, 3, 2, 10, 0, tzinfo=datetime.UTC)
REPORT = Report(started_at=NOW, seconds=1.5, attempts=2)

ACCEPTED = SampleAccepted(
    workspace="default", run_id=RUN, speaker_id="ana", sample_id="clip", upload_key="samples/clip/upload-1"
)


def normalized(key: str, *, duration: float = 3.0) -> SampleNormalized:
    return SampleNormalized(**ACCEPTED.subject, audio_key="samples/clip/audio", duration=duration, recording_key=key)


def outcome(*events: Event, report: Report = REPORT, is_failed: bool = False) -> Outcome:
    return Outcome(
        unit=UNIT,
        status="failed" if is_failed else "finished",
        published=tuple(PublishedEvent.of(event) for event in events),
        report=report,
        input=PublishedEvent.of(ACCEPTED),
    )


def put(folder: Path, key: str, content: str) -> str:
    path = folder / OBJECTS / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return key


def write_case(folder: Path, recorded: Outcome | None, *facts: RecordedEvent) -> Path:
    """A case of one sample that was accepted, and what became of it."""
    accepted = fact(ACCEPTED, "accept")
    run = RecordedRun(run_id=RUN, folder=FOLDER, status="processing", created_at=NOW)
    manifest = Manifest(release="0.0.9", exported_at=NOW, workspace="default", sample_id="clip", runs=(run,))
    folder.mkdir(exist_ok=True)
    (folder / OBJECTS).mkdir(exist_ok=True)
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    (folder / EVENTS).write_text("".join(f"{one.model_dump_json()}\n" for one in (accepted, *facts)))
    if recorded is not None:
        put(folder, outcome_key(FOLDER, UNIT), recorded.model_dump_json())
    return folder


def fact(event: Event, stage: str) -> RecordedEvent:
    return RecordedEvent(
        publisher=Unit(run_id=RUN, stage=stage),
        position=0,
        siblings=1,
        stream=event.stream,
        body=event.model_dump(mode="json"),
        report=REPORT,
        recorded_at=NOW,
    )
