"""A meeting on its way through the whole line: its facts, outcomes and objects, as if it had been worked."""

import datetime
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import httpx

from libs.common.engine import EngineInfo
from libs.common.events import (
    AudioNormalized,
    ChunkPlanned,
    ChunkTranscribed,
    Event,
    MeetingAccepted,
    MinutesPlanned,
    MinutesWritten,
    SpeakersMatched,
    SpeechDiarized,
    StageFailed,
    TranscriptAssembled,
)
from libs.common.minutes import Minutes
from libs.common.outcome import GivenUp, Outcome, PublishedEvent, Report, Unit, outcome_key
from libs.common.speech import Frozen, Segment
from libs.common.transcript import ChunkWords
from services.gateway.gateway import Gateway
from tests.integration.services.gateway.meeting_rows import DIARIZATION, MATCHES, SPEAKER, TRANSCRIPT

E = TypeVar("E", bound=Event)

PERSONAS = ("executive", "engineer")
CHUNKS = 3


class WorkedMeeting:
    """Works units of a meeting by hand; each has its outcome in the store and its facts in Postgres."""

    def __init__(self, gateway: Gateway, meeting_id: str, run_id: str) -> None:
        self.gateway = gateway
        self.meeting_id = meeting_id
        self.run_id = run_id
        self.folder = f"meetings/{meeting_id}/{run_id}"
        self._accepted = MeetingAccepted(
            workspace="default", run_id=run_id, meeting_id=meeting_id,
            request_key=f"{self.folder}/request.json", upload_key="upload",
        )  # fmt: skip
        self.subject = self._accepted.subject
        self._kept: list[str] = []

    @property
    def sound(self) -> dict[str, object]:
        return {**self.subject, "audio_key": f"{self.folder}/audio.flac", "duration": 3.5}

    async def normalize(self) -> AudioNormalized:
        return await self._one("normalize", self._accepted, AudioNormalized.model_validate(self.sound))

    async def diarize(self) -> SpeechDiarized:
        turns = await self._keep("turns.json", DIARIZATION)
        normalized = AudioNormalized.model_validate(self.sound)
        return await self._one("diarize", normalized, SpeechDiarized.model_validate({**self.sound, "turns_key": turns}))

    async def match(self) -> SpeakersMatched:
        diarized = SpeechDiarized.model_validate({**self.sound, "turns_key": self._key("turns.json")})
        speakers = await self._keep("speakers.json", MATCHES)
        await self.gateway.database.execute(
            "INSERT INTO labels (run_id, label, speaker_id, embedding_key) VALUES ($1, 'SPEAKER_00', $2, 'embedding')",
            UUID(self.run_id), UUID(SPEAKER),
        )  # fmt: skip
        return await self._one(
            "match", diarized, SpeakersMatched.model_validate({**diarized.model_dump(), "speakers_key": speakers})
        )

    async def plan(self) -> tuple[ChunkPlanned, ...]:
        matched = {
            **self.sound,
            "turns_key": self._key("turns.json"),
            "speakers_key": self._key("speakers.json"),
        }
        chunks = tuple(
            ChunkPlanned.model_validate(
                {**matched, "index": index, "num_chunks": CHUNKS, "segment": Segment(start=index, end=index + 1)}
            )
            for index in range(CHUNKS)
        )
        await self.work("plan", SpeakersMatched.model_validate(matched), chunks)
        return chunks

    async def planned(self) -> list[ChunkPlanned]:
        """The chunks of a run that took its plan over."""
        rows = await self.gateway.database.fetch(
            "SELECT event FROM facts WHERE run_id = $1 AND stage = 'plan' ORDER BY position", UUID(self.run_id)
        )
        return [ChunkPlanned.model_validate_json(row["event"]) for row in rows]

    async def transcribe(self, chunk: ChunkPlanned) -> ChunkTranscribed:
        words = ChunkWords(index=chunk.index, segment=chunk.segment, language="en", words=())
        key = await self._keep(f"words.{chunk.index}.json", words)
        done = ChunkTranscribed.model_validate({**chunk.model_dump(), "words_key": key})
        await self.work("transcribe", chunk, [done], part=chunk.part)
        return done

    async def lose(self, chunk: ChunkPlanned) -> None:
        gap = ChunkTranscribed.model_validate(
            {**chunk.model_dump(), "words_key": None, "error_code": "engine_crashed", "error_message": "it died"}
        )
        given_up = GivenUp(code="engine_crashed", message="it died")
        await self.work("transcribe", chunk, [gap], part=chunk.part, given_up=given_up)

    async def assemble(self, personas: Sequence[str] = PERSONAS) -> tuple[MinutesPlanned, ...]:
        assembled = TranscriptAssembled(
            **self.subject, duration=3.5, language="en", transcript_key=await self._keep("transcript.json", TRANSCRIPT),
            speakers_key=self._key("speakers.json"), personas=tuple(personas),
        )  # fmt: skip
        planned = tuple(MinutesPlanned.of(assembled, one) for one in personas)
        chunk = await self.gateway.database.fetch_one(
            "SELECT event FROM facts WHERE run_id = $1 AND stream = 'chunk.transcribed.v1'", UUID(self.run_id)
        )
        assert chunk is not None
        await self.work("assemble", ChunkTranscribed.model_validate_json(chunk["event"]), [assembled, *planned])
        return planned

    async def summarize(self, planned: MinutesPlanned) -> None:
        minutes = Minutes(
            persona=planned.persona, title="Minutes", summary="Ships.", engine=EngineInfo(name="extractive")
        )
        key = await self._keep(f"minutes.{planned.persona}.json", minutes)
        written = MinutesWritten(**self.subject, persona=planned.persona, minutes_key=key)
        await self.work("summarize", planned, [written], part=planned.persona)

    async def fail(self, stage: str, cause: Event, *, part: str = "", code: str = "engine_crashed") -> None:
        failure = StageFailed(
            workspace="default", run_id=self.run_id, meeting_id=self.meeting_id, stage=stage, unit_part=part,
            code=code, message="it died", attempts=3,
        )  # fmt: skip
        await self.work(stage, cause, [failure], part=part, given_up=GivenUp(code=code, message="it died"))

    async def diarize_in_vain(self) -> None:
        """One unnamed speaker instead of what the recording holds."""
        normalized = await self.normalize()
        turns = await self._keep("turns.json", DIARIZATION)
        diarized = SpeechDiarized.model_validate({**self.sound, "turns_key": turns})
        await self.work("diarize", normalized, [diarized], given_up=GivenUp(code="engine_crashed", message="it died"))

    async def until_diarized(self) -> SpeechDiarized:
        await self.normalize()
        return await self.diarize()

    async def until_matched(self) -> None:
        await self.until_diarized()
        await self.match()

    async def until_assembled(self) -> tuple[MinutesPlanned, ...]:
        await self.until_matched()
        for chunk in await self.plan():
            await self.transcribe(chunk)
        return await self.assemble()

    async def complete(self) -> None:
        for planned in await self.until_assembled():
            await self.summarize(planned)
        await self.end("completed")

    async def end(self, status: str) -> None:
        await self.gateway.database.execute(
            "UPDATE runs SET status = $2, ended_at = now(), version = version + 1 WHERE id = $1",
            UUID(self.run_id),
            status,
        )

    async def work(
        self, stage: str, cause: Event, events: Sequence[Event], *, part: str = "", given_up: GivenUp | None = None
    ) -> None:
        report = Report(
            started_at=datetime.datetime.now(datetime.UTC), seconds=1.5, attempts=1,
            engine=EngineInfo(name=f"{stage}-engine"), given_up=given_up,
        )  # fmt: skip
        unit = Unit(run_id=self.run_id, stage=stage, part=part)
        outcome = Outcome(
            unit=unit, status="finished", published=tuple(map(PublishedEvent.of, events)), report=report,
            input=PublishedEvent.of(cause), objects=tuple(self._kept),
        )  # fmt: skip
        await self.gateway.store.put_new(outcome_key(self.folder, unit), outcome.model_dump_json().encode())
        self._kept.clear()
        for position, event in enumerate(events):
            await self.gateway.database.execute(
                "INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report, entry_id)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '1-1')",
                UUID(self.run_id), stage, part, position, len(events), event.stream,
                event.model_dump_json(), report.model_dump_json(),
            )  # fmt: skip
        await self.gateway.database.execute(
            "UPDATE runs SET status = 'processing', version = version + 1 WHERE id = $1", UUID(self.run_id)
        )

    async def _one(self, stage: str, cause: Event, event: E) -> E:
        await self.work(stage, cause, [event])
        return event

    async def _keep(self, name: str, artifact: Frozen) -> str:
        key = self._key(name)
        await self.gateway.store.put(key, artifact.model_dump_json().encode())
        self._kept.append(key)
        return key

    def _key(self, name: str) -> str:
        return f"{self.folder}/kept/{name}"


async def hand_in(client: httpx.AsyncClient, gateway: Gateway) -> WorkedMeeting:
    files = {"audio": ("weekly.wav", b"sound", "audio/wav")}
    data = {"title": "Weekly", "personas": ",".join(PERSONAS), "max_speakers": "5"}
    answer = await client.post("/api/meetings/process", files=files, data=data)
    assert answer.status_code == 202, answer.text
    await gateway.database.execute("UPDATE outbox SET sent_at = now()")
    return WorkedMeeting(gateway, answer.json()["meeting_id"], answer.json()["run_id"])
