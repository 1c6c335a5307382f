"""What a run has come to so far: its artifacts, those that are there."""

from dataclasses import dataclass, field

from pydantic import JsonValue, TypeAdapter

from libs.common.engine import EngineInfo
from libs.common.events import MeetingEvent, MinutesWritten, SpeakersMatched, SpeechDiarized, TranscriptAssembled
from libs.common.minutes import Minutes
from libs.common.request import MeetingRequest
from libs.common.speakers import SpeakerMatches
from libs.common.speech import Diarization
from libs.common.storage import Artifact, ObjectStore
from libs.common.transcript import Transcript
from services.gateway.runs.facts import Run, RunFacts
from services.gateway.schemas.meetings import MeetingStatus

_SETTINGS = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True)
class RunContents:
    """The artifacts of one run; `None` where a stage has not come to an end, or failed."""

    run_id: str
    status: MeetingStatus
    turns: Diarization | None = None
    speakers: SpeakerMatches | None = None
    transcript: Transcript | None = None
    personas: tuple[str, ...] = ()
    """Whose minutes were asked for."""

    minutes: dict[str, Minutes] = field(default_factory=dict)
    engines: dict[str, EngineInfo] = field(default_factory=dict)
    settings: dict[str, JsonValue] = field(default_factory=dict)
    """What was asked for, by the names that a replay uses."""


async def read_contents(run: Run, facts: RunFacts, store: ObjectStore) -> RunContents:
    """Read everything that the facts name.

    Raises:
        ObjectMissing: An object is gone; the meeting is being deleted.
    """
    diarized = next(iter(facts.events(SpeechDiarized)), None)
    matched = next(iter(facts.events(SpeakersMatched)), None)
    assembled = next(iter(facts.events(TranscriptAssembled)), None)
    written = {one.persona: one.minutes_key for one in facts.events(MinutesWritten)}
    request = await _load(store, MeetingRequest, next((one.request_key for one in facts.events(MeetingEvent)), None))
    return RunContents(
        run_id=run.id,
        status=run.status,
        turns=await _load(store, Diarization, diarized.turns_key if diarized else None),
        speakers=await _load(store, SpeakerMatches, matched.speakers_key if matched else None),
        transcript=await _load(store, Transcript, assembled.transcript_key if assembled else None),
        personas=request.personas if request else (),
        minutes={persona: await store.load(Minutes, key) for persona, key in written.items()},
        engines=facts.engines,
        settings=_SETTINGS.validate_python(request.settings.given) if request else {},
    )


async def _load(store: ObjectStore, model: type[Artifact], key: str | None) -> Artifact | None:
    return await store.load(model, key) if key else None
