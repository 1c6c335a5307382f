"""The results of a meeting: put together from the objects that its facts name, and cached under the run's version."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import ObjectMissing
from libs.common.events import MinutesWritten, SpeechDiarized, TranscriptAssembled
from libs.common.minutes import Minutes, Usage
from libs.common.outcome import Warned
from libs.common.speakers import SpeakerMatches
from libs.common.speech import Diarization
from libs.common.storage import ObjectStore
from libs.common.streams.keys import PREFIX
from libs.common.transcript import Transcript
from services.gateway.database import Database
from services.gateway.errors import ApiError, MeetingCancelled, MeetingFailed, ResultsNotReady
from services.gateway.runs.facts import Run, RunFacts, find_run, run_facts
from services.gateway.runs.unrecognized import enrolled_speakers, unrecognized
from services.gateway.schemas.results import NamedUtterance, Results, ResultSpeaker

_KEPT_FOR = 3600

_log = structlog.get_logger(__name__)


def results_key(run_id: str, version: int) -> str:
    """Key in Redis; a run's version grows with every fact, so that an old answer is never taken for a new one."""
    return f"{PREFIX}results:{run_id}:{version}"


async def forget_results(redis: Redis, run_id: str, *, version: int) -> None:
    """Remove the cached results of a run, of this version and all before it.

    Raises:
        RedisError: Redis did not answer; they expire within the hour.
    """
    await redis.delete(*(results_key(run_id, one) for one in range(version + 1)))


@dataclass(frozen=True)
class ResultsReader:
    """Reads results for clients."""

    database: Database
    store: ObjectStore
    redis: Redis

    async def run(self, workspace: str, meeting_id: UUID, run_id: UUID | None = None) -> Run:
        """The run whose results the meeting shows, or the one that is named.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
        """
        async with self.database.connection() as connection:
            return await find_run(connection, workspace, meeting_id, run_id)

    async def json(self, workspace: str, run: Run) -> tuple[Run, str]:
        """The results as JSON, from the cache if it has them, and the version of the run that they show.

        Raises:
            ResultsNotReady, MeetingFailed, MeetingCancelled: There is no transcript (yet).
            MeetingNotFound: The meeting was deleted meanwhile.
        """
        cached = await self._cached(run)
        if cached is not None:
            return run, cached
        async with self.database.snapshot() as connection:
            current = await find_run(connection, workspace, UUID(run.meeting_id), UUID(run.id))
            facts = await run_facts(connection, current.id)
            enrolled = await enrolled_speakers(connection, workspace, facts)
        try:
            content = (await build_results(current, facts, self.store, enrolled)).model_dump_json()
        except ObjectMissing:
            await self.run(workspace, UUID(run.meeting_id))  # deleted meanwhile: then it is not found
            raise
        await self._keep(current, content)
        return current, content

    async def diarization(self, run: Run) -> Diarization:
        """Who talks when, as the diarizer found it.

        Raises:
            ResultsNotReady, MeetingFailed, MeetingCancelled: That is not known (yet).
        """
        async with self.database.connection() as connection:
            facts = await run_facts(connection, run.id)
        for diarized in facts.events(SpeechDiarized):
            return await self.store.load(Diarization, diarized.turns_key)
        raise _absent(run)

    async def _cached(self, run: Run) -> str | None:
        try:
            value = await self.redis.get(results_key(run.id, run.version))
        except (RedisError, OSError) as error:
            _log.warning("results cache is out of reach", error=str(error))
            return None
        return None if value is None else str(value)

    async def _keep(self, run: Run, content: str) -> None:
        try:
            await self.redis.set(results_key(run.id, run.version), content, ex=_KEPT_FOR)
        except (RedisError, OSError) as error:
            _log.warning("results cache is out of reach", error=str(error))


async def build_results(run: Run, facts: RunFacts, store: ObjectStore, enrolled: Mapping[str | None, int]) -> Results:
    """Put the results together; `enrolled`: how many speakers had voiceprints of which model.

    Raises:
        ResultsNotReady, MeetingFailed, MeetingCancelled: There is no transcript (yet).
    """
    assembled = next(iter(facts.events(TranscriptAssembled)), None)
    if assembled is None:
        raise _absent(run)
    transcript = await store.load(Transcript, assembled.transcript_key)
    matches = await store.load(SpeakerMatches, assembled.speakers_key)
    written = {one.persona: one.minutes_key for one in facts.events(MinutesWritten)}
    wanted = (persona for persona in assembled.personas if persona in written)
    minutes = {persona: await store.load(Minutes, written[persona]) for persona in wanted}
    failed = {unit.part for unit in facts.failures if unit.stage == "summarize"}
    return Results(
        meeting_id=run.meeting_id,
        run_id=run.id,
        title=run.title,
        filename=run.filename,
        duration=assembled.duration,
        language=assembled.language,
        speakers=_speakers(matches),
        utterances=_utterances(transcript, matches),
        gaps=transcript.gaps,
        minutes=minutes,
        usage=sum((one.usage for one in minutes.values()), start=Usage()),
        pending_personas=_pending(run, assembled, {*minutes, *failed}),
        engines=facts.engines,
        warnings=(*_warnings(facts), *unrecognized(matches, enrolled)),
    )


def _absent(run: Run) -> ApiError:
    if run.status == "failed" and run.error is not None:
        return MeetingFailed(run.error.message, meeting_status=run.status, error=run.error)
    if run.status == "cancelled":
        return MeetingCancelled("the meeting was cancelled before there was a transcript", meeting_status=run.status)
    return ResultsNotReady("the transcript is not ready yet", meeting_status=run.status)


def _speakers(matches: SpeakerMatches) -> tuple[ResultSpeaker, ...]:
    return tuple(
        ResultSpeaker(
            label=one.label,
            speaker_id=one.speaker_id,
            name=one.name,
            score=one.score,
            reason=one.reason,
            speech_seconds=one.speech_seconds,
        )
        for one in matches.decisions
    )


def _utterances(transcript: Transcript, matches: SpeakerMatches) -> tuple[NamedUtterance, ...]:
    names = matches.names
    return tuple(NamedUtterance(**dict(one), name=names.get(one.label)) for one in transcript.utterances)


def _pending(run: Run, assembled: TranscriptAssembled, settled: set[str]) -> tuple[str, ...]:
    if run.ended_at is not None:
        return ()
    return tuple(persona for persona in assembled.personas if persona not in settled)


def _warnings(facts: RunFacts) -> tuple[Warned, ...]:
    """Each warning once; a unit that was given up is one too, since there is a transcript in spite of it."""
    reported = [warning for report in facts.reports.values() for warning in report.warnings]
    for unit, error in facts.failures.items():
        if unit.stage == "summarize":
            text = f"the minutes for {unit.part} could not be written: {error.message}"
            reported.append(Warned(code="minutes_failed", message=text, stage=unit.stage))
        elif not facts.reports[unit].warnings:
            reported.append(Warned(code=error.code, message=error.message, stage=unit.stage))
    return tuple(dict.fromkeys(reported))
