"""A meeting whose voices were found and perhaps named, as a case in a folder."""

from pathlib import Path

from libs.common.cases.contents import EVENTS, MANIFEST, OBJECTS, Manifest, RecordedRun
from libs.common.events import AudioNormalized, SpeakersMatched, SpeechDiarized
from libs.common.speakers import SpeakerMatches
from libs.common.speech import EmbeddingModel
from tests.unit.libs.common.cases.recorded_unit import NOW, RUN, fact, put

MEETING = "weekly"
FOLDER = f"meetings/{MEETING}/{RUN}"
AUDIO = f"{FOLDER}/normalize/0/audio.flac"
TURNS = f"{FOLDER}/diarize/0/turns.json"
MODEL = EmbeddingModel(name="tests", revision="1", dimension=2)

_NORMALIZED = AudioNormalized(
    workspace="default", run_id=RUN, meeting_id=MEETING, request_key=f"{FOLDER}/request.json",
    audio_key=AUDIO, duration=3,
)  # fmt: skip


def diarized() -> SpeechDiarized:
    return SpeechDiarized(**_NORMALIZED.subject, audio_key=AUDIO, duration=3, turns_key=TURNS)


def matched(folder: Path, digest: str | None, *, attempt: int = 0) -> SpeakersMatched:
    """Decisions that rest on the gallery of that digest, kept in the case."""
    matches = SpeakerMatches(model=MODEL, gallery_digest=digest, threshold=0.5, margin=0.1)
    key = put(folder, f"{FOLDER}/match/{attempt}/speakers.json", matches.model_dump_json())
    return SpeakersMatched(**diarized().subject, audio_key=AUDIO, duration=3, turns_key=TURNS, speakers_key=key)


def write_meeting(folder: Path, named: SpeakersMatched | None = None) -> Path:
    """A case whose speech was diarized, without voiceprints."""
    run = RecordedRun(run_id=RUN, folder=FOLDER, status="processing", created_at=NOW)
    manifest = Manifest(release="0.0.9", exported_at=NOW, workspace="default", meeting_id=MEETING, runs=(run,))
    facts = [fact(_NORMALIZED, "normalize"), fact(diarized(), "diarize")]
    if named is not None:
        facts.append(fact(named, "match"))
    (folder / OBJECTS).mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    (folder / EVENTS).write_text("".join(f"{one.model_dump_json()}\n" for one in facts))
    return folder
