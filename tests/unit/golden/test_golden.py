"""Today's models read every event and artifact that was ever released."""

import json
from pathlib import Path

import pytest

from libs.common.events import EVENTS, Event
from libs.common.minutes import Minutes
from libs.common.outcome import Outcome
from libs.common.request import MeetingRequest
from libs.common.speakers import Gallery, SpeakerMatches
from libs.common.speech import Diarization, Frozen, SpeakerEmbedding
from libs.common.transcript import ChunkWords, MeetingLanguage, Transcript
from services.normalizer.recording import Recording

GOLDEN = Path(__file__).parents[2] / "golden"
EVENT_FILES = sorted((GOLDEN / "events").glob("*.json"))
ARTIFACT_FILES = sorted((GOLDEN / "artifacts").glob("*.json"))

ARTIFACTS: dict[str, type[Frozen]] = {
    "embedding": SpeakerEmbedding,
    "gallery": Gallery,
    "language": MeetingLanguage,
    "minutes": Minutes,
    "outcome": Outcome,
    "recording": Recording,
    "request": MeetingRequest,
    "speakers": SpeakerMatches,
    "transcript": Transcript,
    "turns": Diarization,
    "words": ChunkWords,
}
REVISION = "~"
"""Between the name of an event and the revision of its example, where there are several."""

LARGEST_EVENT_BYTES = 4096


def holds(read: object, written: object) -> bool:
    """Whether everything that was written is read back with the same value; newer fields may be added."""
    if isinstance(written, dict):
        return isinstance(read, dict) and all(
            name in read and holds(read[name], value) for name, value in written.items()
        )
    if isinstance(written, list):
        return isinstance(read, list) and len(read) == len(written) and all(map(holds, read, written))
    return read == written


def event_class(path: Path) -> type[Event]:
    return EVENTS[path.stem.partition(REVISION)[0]]


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.stem)
def test_an_event_of_every_version_is_read(path: Path) -> None:
    written = json.loads(path.read_text())
    event = event_class(path).model_validate(written)
    assert holds(event.model_dump(mode="json"), written)


@pytest.mark.parametrize("path", ARTIFACT_FILES, ids=lambda path: path.stem)
def test_an_artifact_of_every_version_is_read(path: Path) -> None:
    written = json.loads(path.read_text())
    artifact = ARTIFACTS[path.stem.partition(".")[0]].model_validate(written)
    assert holds(artifact.model_dump(mode="json"), written)


def test_every_event_and_every_artifact_has_an_example() -> None:
    assert {event_class(path) for path in EVENT_FILES} == set(EVENTS.values())
    assert {path.stem.partition(".")[0] for path in ARTIFACT_FILES} == set(ARTIFACTS)


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.stem)
def test_an_event_stays_small(path: Path) -> None:
    assert len(event_class(path).model_validate_json(path.read_text()).model_dump_json()) < LARGEST_EVENT_BYTES
