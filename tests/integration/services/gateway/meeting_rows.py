"""A meeting as the projection leaves it in Postgres, with the objects that its facts name."""

import datetime
from dataclasses import dataclass
from uuid import UUID

import httpx

from libs.common.engine import EngineInfo
from libs.common.events import (
    AudioNormalized,
    Event,
    MinutesWritten,
    SpeakersMatched,
    SpeechDiarized,
    StageFailed,
    TranscriptAssembled,
)
from libs.common.minutes import Finding, Minutes, Usage
from libs.common.outcome import Report, Warned
from libs.common.speakers import Decision, SpeakerMatches
from libs.common.speech import Diarization, Frozen, Turn, Word
from libs.common.transcript import Transcript, Utterance
from services.gateway.gateway import Gateway

SPEAKER = "5b1c3a52-7c86-4f68-8f2d-2f2b0b8f0c11"

DIARIZATION = Diarization(
    turns=(Turn(start=0.5, end=2.0, label="SPEAKER_00"), Turn(start=2.0, end=3.0, label="SPEAKER_01"))
)
MATCHES = SpeakerMatches(
    model=None, gallery_digest=None, threshold=0.7, margin=0.05,
    decisions=(
        Decision(
            label="SPEAKER_00", reason="matched", speaker_id=SPEAKER, name="Ana Lindqvist", score=0.9,
            speech_seconds=1.5, embedding_key="embedding-of-ana",
        ),
        Decision(label="SPEAKER_01", reason="below_threshold", score=0.4, speech_seconds=1.0),
    ),
)  # fmt: skip
TRANSCRIPT = Transcript(
    language="en",
    utterances=(
        Utterance(
            start=0.5, end=2.0, label="SPEAKER_00", id="u0001", text="We ship",
            words=(
                Word(start=0.5, end=1.0, text="We", probability=0.9),
                Word(start=1.0, end=2.0, text="ship", probability=0.8),
            ),
        ),
        Utterance(start=2.0, end=3.0, label="SPEAKER_01", id="u0002", text="Fine", words=()),
    ),
)  # fmt: skip


@dataclass
class RecordedMeeting:
    """A meeting whose facts a test adds one by one."""

    gateway: Gateway
    meeting_id: str
    run_id: str

    @property
    def subject(self) -> dict[str, str]:
        folder = f"meetings/{self.meeting_id}/{self.run_id}"
        return {
            "workspace": "default",
            "run_id": self.run_id,
            "meeting_id": self.meeting_id,
            "request_key": f"{folder}/request.json",
        }

    async def keep(self, name: str, artifact: Frozen) -> str:
        key = f"meetings/{self.meeting_id}/{self.run_id}/{name}"
        await self.gateway.store.put(key, artifact.model_dump_json().encode())
        return key

    async def record(self, stage: str, event: Event, *, part: str = "", warnings: tuple[Warned, ...] = ()) -> None:
        report = Report(
            started_at=datetime.datetime.now(datetime.UTC), seconds=1.5, attempts=1,
            engine=EngineInfo(name=f"{stage}-engine"), warnings=warnings,
        )  # fmt: skip
        await self.gateway.database.execute(
            "INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report)"
            " VALUES ($1, $2, $3, 0, 1, $4, $5, $6)",
            UUID(self.run_id), stage, part, event.stream, event.model_dump_json(), report.model_dump_json(),
        )  # fmt: skip
        await self.gateway.database.execute(
            "UPDATE runs SET version = version + 1, status = 'processing' WHERE id = $1", UUID(self.run_id)
        )

    async def fail(self, stage: str, *, part: str = "") -> None:
        event = StageFailed(
            workspace="default", run_id=self.run_id, meeting_id=self.meeting_id, stage=stage, unit_part=part,
            code="engine_crashed", message="it died", attempts=3,
        )  # fmt: skip
        await self.record(stage, event, part=part)

    async def end(self, status: str, *, code: str | None = None, stage: str | None = None) -> None:
        await self.gateway.database.execute(
            "UPDATE runs SET version = version + 1, status = $2, ended_at = now(),"
            " error_code = $3, error_message = $3, error_stage = $4 WHERE id = $1",
            UUID(self.run_id), status, code, stage,
        )  # fmt: skip

    async def transcribe(self) -> None:
        """Everything up to the transcript; minutes for two personas are still to come."""
        turns = await self.keep("turns.json", DIARIZATION)
        speakers = await self.keep("speakers.json", MATCHES)
        audio = AudioNormalized(**self.subject, audio_key="a", duration=3.5)
        await self.record("normalize", audio)
        await self.record("diarize", SpeechDiarized(**self.subject, audio_key="a", duration=3.5, turns_key=turns))
        matched = SpeakersMatched(**self.subject, audio_key="a", duration=3.5, turns_key=turns, speakers_key=speakers)
        await self.record("match", matched)
        transcript = await self.keep("transcript.json", TRANSCRIPT)
        assembled = TranscriptAssembled(
            **self.subject, duration=3.5, language="en", transcript_key=transcript, speakers_key=speakers,
            personas=("executive", "engineer"),
        )  # fmt: skip
        warning = Warned(code="option_ignored", message="vocabulary is ignored", stage="assemble")
        await self.record("assemble", assembled, warnings=(warning,))

    async def summarize(self, persona: str, usage: Usage = Usage()) -> None:
        minutes = Minutes(
            persona=persona, title=f"For the {persona}", summary="All ships.", engine=EngineInfo(name="extractive"),
            decisions=(Finding(text="ship it", evidence=("u0001",)),), usage=usage,
        )  # fmt: skip
        key = await self.keep(f"minutes.{persona}.json", minutes)
        written = MinutesWritten(**self.subject, persona=persona, minutes_key=key, usage=usage)
        await self.record("summarize", written, part=persona)


async def accept_meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    files = {"audio": ("weekly.wav", b"sound", "audio/wav")}
    answer = await client.post("/api/meetings/process", files=files, data={"title": "Weekly"})
    assert answer.status_code == 202, answer.text
    return RecordedMeeting(gateway, answer.json()["meeting_id"], answer.json()["run_id"])
