"""Replays: a new run beside an old one, which takes over what that has finished and works the rest again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError

from libs.common.errors import ObjectMissing
from libs.common.events import SampleAccepted, TranscriptAssembled
from libs.common.request import MeetingRequest, RunSettings
from libs.common.storage import ObjectStore
from services.gateway.background.voices import lock_speaker
from services.gateway.backpressure import MEETING_STAGES, SAMPLE_STAGES, Backpressure, stages_from
from services.gateway.database import Connection, Database, load_queries
from services.gateway.errors import InvalidRequest, MeetingNotFound, RunInProgress, RunNotFound
from services.gateway.intake.idempotency import RequestKey, claim, find_answer, fingerprint, record_answer
from services.gateway.intake.staging import staged
from services.gateway.runs.facts import find_run
from services.gateway.runs.reuse import CLIENT_STAGES, asking_for, reuse_before, reuse_finished, stored_facts
from services.gateway.runs.successor import Successor
from services.gateway.schemas.forms import check_persona, readable
from services.gateway.schemas.problems import FieldError
from services.gateway.schemas.runs import ReplayAnswer, ReplayWish, WhenCurrent

_SQL = load_queries("replays")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Retried:
    """The run that works again what another had given up."""

    run_id: str
    origin_run_id: str
    meeting_id: str | None
    sample_id: str | None


@dataclass(frozen=True)
class Replays:
    """The use cases."""

    database: Database
    store: ObjectStore
    personas: tuple[str, ...]
    """Those that exist."""

    backpressure: Backpressure

    outbox_waiting: asyncio.Event
    """Set when the relay has something to publish."""

    async def replay(
        self, workspace: str, meeting_id: UUID, wish: ReplayWish, key: RequestKey | None = None
    ) -> tuple[ReplayAnswer, bool]:
        """Begin a run that works a meeting again from a stage on; the flag says whether this repeats a request.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
            InvalidRequest: There is no such persona, or a setting concerns only what is reused.
            ReplayNotPossible: The run has not got as far.
            IdempotencyKeyReused: The key belongs to another request.
            BacklogFull: Too much waits before a stage that the run would pass through.
        """
        self._check(wish)
        asked = fingerprint(wish, [str(meeting_id), *wish.settings.given])  # `null` is not the same as no word
        async with self.database.snapshot() as connection:
            if key and (known := await find_answer(connection, key, asked)):
                return ReplayAnswer.model_validate_json(known), True
            origin = await find_run(connection, workspace, meeting_id, wish.run_id)
            reuse = reuse_before(wish.from_stage, await stored_facts(connection, origin.id))
        await self.backpressure.admit(stages_from(wish.from_stage))
        request = _changed(await self._request(workspace, meeting_id, origin.id), wish)
        if any(isinstance(one.event, TranscriptAssembled) for one in reuse.facts):
            reuse = replace(reuse, facts=asking_for(request.personas, reuse.facts))
        run = Successor(uuid4(), UUID(origin.id), workspace, meeting_id, None, reuse, request)
        answer = ReplayAnswer.of(str(meeting_id), str(run.id))
        async with staged(self.database, self.store) as staging:
            await staging.begin(f"{run.folder}/")
            await run.put_objects(self.store)
            async with self.database.transaction() as connection:
                if key and (known := await claim(connection, key, asked)):
                    return ReplayAnswer.model_validate_json(known), True
                await run.lock_speakers(connection)
                await _begin(connection, run, wish.current)
                if key:
                    await record_answer(connection, key, answer)
                await staging.accept(connection)
        self._announce(run)
        return answer, False

    async def retry(self, workspace: str, run_id: UUID) -> Retried:
        """Work again what a run of a meeting or of a sample had given up, and what follows from it.

        A new run takes over everything else. The meeting shows it in the place of its origin, and never otherwise.

        Raises:
            RunNotFound, MeetingNotFound: There is none.
            RunInProgress: It has not ended, or another run works on it already.
            NothingGivenUp: All of its units are finished.
            BacklogFull: Too much waits before a stage that the run may pass through.
        """
        run = await self._retrial(workspace, run_id)
        await self.backpressure.admit(SAMPLE_STAGES if run.meeting_id is None else MEETING_STAGES)
        async with staged(self.database, self.store) as staging:
            await staging.begin(f"{run.folder}/")
            async with self._unless_deleted(workspace, run.meeting_id):
                await run.put_objects(self.store)
            async with self.database.transaction() as connection:
                await run.lock_speakers(connection)
                is_shown = await _lock_origin(connection, run)
                await _begin(connection, run, None if is_shown else "never")
                await staging.accept(connection)
        self._announce(run)
        return Retried(str(run.id), str(run_id), _text(run.meeting_id), _text(run.sample_id))

    def _check(self, wish: ReplayWish) -> None:
        faults = []
        for persona in wish.personas or ():
            try:
                check_persona(persona, self.personas)
            except ValueError as error:
                faults.append(FieldError(field="personas", message=str(error)))
        reused = CLIENT_STAGES[: CLIENT_STAGES.index(wish.from_stage)]
        for name in wish.settings.given:
            stages = RunSettings.names()[name]
            if set(stages) <= set(reused):
                fault = f"concerns {' and '.join(stages)}, which a replay from {wish.from_stage} reuses"
                faults.append(FieldError(field=f"settings.{name}", message=fault))
        if faults:
            raise InvalidRequest.of(*faults)

    async def _retrial(self, workspace: str, run_id: UUID) -> Successor:
        """The run to begin."""
        async with self.database.snapshot() as connection:
            origin = await connection.fetchrow(_SQL["owner_of_run"], workspace, run_id)
            if origin is None:
                raise RunNotFound(f"there is no run {run_id}")
            if origin["ended_at"] is None:
                raise RunInProgress(f"run {run_id} has not ended")
            reuse = reuse_finished(await stored_facts(connection, str(run_id)))
        meeting_id, sample_id = origin["meeting_id"], origin["sample_id"]
        request = await self._request(workspace, meeting_id, str(run_id)) if meeting_id else None
        return Successor(uuid4(), run_id, workspace, meeting_id, sample_id, reuse, request)

    async def _request(self, workspace: str, meeting_id: UUID, run_id: str) -> MeetingRequest:
        async with self._unless_deleted(workspace, meeting_id):
            return await self.store.load(MeetingRequest, f"meetings/{meeting_id}/{run_id}/request.json")

    @asynccontextmanager
    async def _unless_deleted(self, workspace: str, meeting_id: UUID | None) -> AsyncIterator[None]:
        """An object that is missing because its meeting was deleted meanwhile means that there is no meeting."""
        try:
            yield
        except ObjectMissing:
            if meeting_id is not None:
                async with self.database.connection() as connection:
                    await find_run(connection, workspace, meeting_id)
            raise

    def _announce(self, run: Successor) -> None:
        self.outbox_waiting.set()
        _log.info(
            "replay accepted",
            meeting_id=_text(run.meeting_id),
            sample_id=_text(run.sample_id),
            run_id=str(run.id),
            origin_run_id=str(run.origin_id),
            stage=run.reuse.stage,
        )


def _changed(request: MeetingRequest, wish: ReplayWish) -> MeetingRequest:
    personas = tuple(dict.fromkeys(wish.personas or request.personas))
    try:
        return request.with_settings(wish.settings).model_copy(update={"personas": personas})
    except ValidationError as error:
        message = readable(error.errors()[0]["msg"])
        raise InvalidRequest.of(FieldError(field="settings", message=message)) from error


async def _lock_origin(connection: Connection, run: Successor) -> bool:
    """Let nobody else retry the same run, nor delete what it belongs to, before the transaction ends.

    Returns:
        Whether its meeting shows it.

    Raises:
        RunNotFound: Somebody has deleted it.
        RunInProgress: Another run works on it already.
    """
    is_there, is_shown = await _lock_owner(connection, run)
    if not is_there:
        raise RunNotFound(f"there is no run {run.origin_id}")
    await connection.execute(_SQL["lock_run"], run.origin_id)
    other = await connection.fetchval(_SQL["successor_in_progress"], run.origin_id)
    if other is not None:
        raise RunInProgress(f"run {other} works on it already")
    return is_shown


async def _lock_owner(connection: Connection, run: Successor) -> tuple[bool, bool]:
    """Whether there is a meeting or speaker, and whether it is a meeting that shows the origin."""
    if run.meeting_id is not None:
        shown = await connection.fetchval(_SQL["lock_meeting"], run.workspace, run.meeting_id)
        return shown is not None, shown == run.origin_id
    accepted = next(one.event for one in run.reuse.facts if isinstance(one.event, SampleAccepted))
    return await lock_speaker(connection, run.workspace, accepted.speaker_id), False


async def _begin(connection: Connection, run: Successor, when: WhenCurrent | None) -> None:
    if run.meeting_id is None:
        await run.insert(connection, becomes_current=False)
        return
    current = await connection.fetchval(_SQL["lock_meeting"], run.workspace, run.meeting_id)
    if current is None:
        raise MeetingNotFound(f"there is no meeting {run.meeting_id}")
    if when is None:
        is_lost = await connection.fetchval(_SQL["run_status"], current) in {"failed", "cancelled"}
        when = "now" if is_lost else "when_completed"
    await run.insert(connection, becomes_current=when == "when_completed")
    if when == "now":
        await connection.execute(_SQL["make_current"], run.meeting_id, run.id)


def _text(row_id: UUID | None) -> str | None:
    return None if row_id is None else str(row_id)
