"""What can be done with meetings: accept, list, follow and cancel them."""

import asyncio
import datetime
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from asyncpg import Record
from redis.asyncio import Redis

from libs.common.events import MeetingAccepted
from libs.common.storage import ObjectStore
from services.gateway.background.erasures import Erasures
from services.gateway.database import Connection, Database, load_queries
from services.gateway.errors import MeetingEnded
from services.gateway.intake.acceptance import begin_run
from services.gateway.intake.idempotency import RequestKey, claim, fingerprint, record_answer
from services.gateway.intake.staging import Staging
from services.gateway.intake.uploads import Upload
from services.gateway.metrics.counts import LineCounts
from services.gateway.pages import Cursor
from services.gateway.runs.cancellation import tell_workers
from services.gateway.runs.facts import find_run, run_facts
from services.gateway.runs.live_progress import live_units
from services.gateway.runs.root_spans import export_root
from services.gateway.runs.status import meeting_progress
from services.gateway.schemas.forms import MeetingForm
from services.gateway.schemas.meetings import (
    MeetingAnswer,
    MeetingCancellation,
    MeetingPage,
    MeetingProgress,
    MeetingSummary,
    results_url,
    status_url,
)

_SQL = load_queries("meetings")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Submission:
    """A recording that has been stored, and what is wished for it."""

    workspace: str
    meeting_id: UUID
    upload: Upload
    form: MeetingForm
    key: RequestKey | None
    began_at: datetime.datetime


@dataclass(frozen=True)
class Meetings:
    """The use cases."""

    database: Database
    store: ObjectStore
    redis: Redis
    erasures: Erasures
    outbox_waiting: asyncio.Event
    """Set when the relay has something to publish."""

    counts: LineCounts

    async def accept(self, submission: Submission, staging: Staging) -> tuple[MeetingAnswer, bool]:
        """Take responsibility for a meeting; the flag says whether this repeats an earlier request.

        Raises:
            IdempotencyKeyReused: The key belongs to another request.
            UploadExpired: The upload took longer than a day.
        """
        accepted = _first_event(submission)
        request = submission.form.request(accepted_at=submission.began_at)
        await self.store.put(accepted.request_key, request.model_dump_json().encode())
        answer = MeetingAnswer.of(accepted.meeting_id, accepted.run_id)
        async with self.database.transaction() as connection:
            if submission.key and (known := await self._claimed(connection, submission.key, submission)):
                return MeetingAnswer.model_validate_json(known), True
            await self._insert(connection, submission, accepted)
            if submission.key:
                await record_answer(connection, submission.key, answer)
            await staging.accept(connection)
        self.outbox_waiting.set()
        self.counts.accepted_meeting()
        _log.info(
            "meeting accepted",
            meeting_id=answer.meeting_id,
            run_id=answer.run_id,
            size_bytes=submission.upload.size_bytes,
        )
        return answer, False

    async def _claimed(self, connection: Connection, key: RequestKey, submission: Submission) -> str | None:
        return await claim(connection, key, fingerprint(submission.form, [submission.upload.digest]))

    async def _insert(self, connection: Connection, submission: Submission, accepted: MeetingAccepted) -> None:
        upload = submission.upload
        await connection.execute(
            _SQL["insert_meeting"],
            submission.meeting_id,
            submission.workspace,
            submission.form.title,
            upload.filename,
            upload.key,
            upload.size_bytes,
            UUID(accepted.run_id),
        )
        await begin_run(connection, accepted, began_at=submission.began_at)

    async def page(self, workspace: str, *, after: Cursor | None, limit: int) -> MeetingPage:
        """Meetings, newest first."""
        last = (after.created_at, after.id) if after else (None, None)
        rows = await self.database.fetch(_SQL["list_meetings"], workspace, *last, limit + 1)
        shown = rows[:limit]
        has_more = len(rows) > limit
        return MeetingPage(
            meetings=tuple(_summary(row) for row in shown),
            next_cursor=str(Cursor(shown[-1]["created_at"], shown[-1]["id"])) if has_more else None,
        )

    async def progress(self, workspace: str, meeting_id: UUID, run_id: UUID | None = None) -> MeetingProgress:
        """Where a meeting, or one of its runs, is; without Redis, as far as its facts tell.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
        """
        async with self.database.snapshot() as connection:
            run = await find_run(connection, workspace, meeting_id, run_id)
            facts = await run_facts(connection, run.id)
        live = await live_units(self.redis, run.id) if run.ended_at is None else {}
        return meeting_progress(run, facts, live, now=datetime.datetime.now(datetime.UTC))

    async def cancel(self, workspace: str, meeting_id: UUID, run_id: UUID | None = None) -> MeetingCancellation:
        """Stop working on a meeting, or on one of its runs.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
            MeetingEnded: There is nothing left to stop.
        """
        async with self.database.transaction() as connection:
            run = await find_run(connection, workspace, meeting_id, run_id)
            if await connection.fetchval(_SQL["cancel_run"], run.id) is None:
                now = (await find_run(connection, workspace, meeting_id, UUID(run.id))).status
                raise MeetingEnded(f"the meeting is {now} already", meeting_status=now)
        self.counts.ended_run("meeting", "cancelled")
        await tell_workers(self.redis, [run.id], lifetime=self.erasures.lifetime)
        await export_root(self.database, run.id)
        _log.info("run ended", meeting_id=run.meeting_id, run_id=run.id, status="cancelled")
        return MeetingCancellation(meeting_id=run.meeting_id, run_id=run.id)


def _first_event(submission: Submission) -> MeetingAccepted:
    run_id = str(uuid4())
    return MeetingAccepted(
        workspace=submission.workspace,
        run_id=run_id,
        meeting_id=str(submission.meeting_id),
        request_key=f"meetings/{submission.meeting_id}/{run_id}/request.json",
        upload_key=submission.upload.key,
    )


def _summary(row: Record) -> MeetingSummary:
    meeting_id = str(row["id"])
    return MeetingSummary(
        meeting_id=meeting_id,
        run_id=str(row["run_id"]),
        title=row["title"],
        filename=row["filename"],
        status=row["status"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        status_url=status_url(meeting_id),
        results_url=results_url(meeting_id),
    )
