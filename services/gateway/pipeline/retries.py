"""Lets another run do again what was given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from asyncpg import Record

from libs.common.errors import PipelineError
from libs.common.outcome import Unit
from libs.common.streams.entry import fact_name
from services.gateway.database import Database, load_queries
from services.gateway.errors import DeadLetterNotFound
from services.gateway.pipeline.dead import dismiss, input_events, letter_event, letter_unit
from services.gateway.runs.replay import Replays
from services.gateway.schemas.dead import RetriedLetters, RetriedRun, RetryRefusal

_SQL = load_queries("dead")


@dataclass(frozen=True)
class Retries:
    """The use cases. A run is retried as a whole: all that it had given up leaves the list with it."""

    database: Database
    replays: Replays

    async def retry(self, workspace: str, unit: Unit) -> RetriedLetters:
        """Do one again; who asks twice is told of the run that does it already.

        Raises:
            DeadLetterNotFound: There is none.
            RunInProgress: Its run has not ended, or is being retried at this moment.
        """
        columns = workspace, UUID(unit.run_id)
        row = await self.database.fetch_one(_SQL["find"], *columns, unit.stage, unit.part)
        if row is not None:
            rows = await self.database.fetch(_SQL["of_run"], *columns)
            return _answer([await self._retry_run(workspace, rows)])
        known = await self.database.fetch_one(_SQL["retried_by"], *columns, unit.stage, unit.part)
        if known is None:
            raise DeadLetterNotFound(f"there is no dead letter {unit.id}")
        return _answer([_run(known, [fact_name(unit, 0)], run_id=str(known["retry_run_id"]))])

    async def retry_all(self, workspace: str, code: str | None, *, is_dry_run: bool) -> RetriedLetters:
        """Do those of a code again, or all, run by run; what cannot be retried now stays on the list."""
        selected = await self.database.fetch(_SQL["select_all"], workspace, code)
        runs: list[RetriedRun] = []
        for run_id, rows in groupby(sorted(selected, key=_run_id), key=_run_id):
            if is_dry_run:
                runs.append(_run(first := next(rows), [letter_event(one) for one in (first, *rows)]))
                continue
            whole = await self.database.fetch(_SQL["of_run"], workspace, run_id)
            try:
                runs.append(await self._retry_run(workspace, whole))
            except PipelineError as error:
                refusal = RetryRefusal(code=error.code, message=error.message)
                runs.append(_run(next(rows), [], refusal=refusal))
        return _answer(runs, is_dry_run=is_dry_run)

    async def _retry_run(self, workspace: str, rows: Sequence[Record]) -> RetriedRun:
        run_id = await self._redone_by(rows)
        if run_id is None:
            run_id = (await self.replays.retry(workspace, rows[0]["run_id"])).run_id
        async with self.database.transaction() as connection:
            await dismiss(connection, rows, retried_by=UUID(run_id))
        return _run(rows[0], [letter_event(row) for row in rows], run_id=run_id)

    async def _redone_by(self, rows: Sequence[Record]) -> str | None:
        """The run that does these already: whoever began it was killed before it took them off the list."""
        units = [letter_unit(row) for row in rows]
        columns = rows[0]["run_id"], [one.stage for one in units], [one.part for one in units]
        async with self.database.snapshot() as connection:
            for row in await connection.fetch(_SQL["successors"], *columns):
                run_id = str(row["id"])
                if await input_events(connection, [one.model_copy(update={"run_id": run_id}) for one in units]):
                    return run_id
        return None


def _run_id(row: Record) -> UUID:
    run_id: UUID = row["run_id"]
    return run_id


def _run(
    row: Record, events: Sequence[str], *, run_id: str | None = None, refusal: RetryRefusal | None = None
) -> RetriedRun:
    return RetriedRun(
        origin_run_id=str(row["run_id"]),
        run_id=run_id,
        meeting_id=str(row["meeting_id"]) if row["meeting_id"] else None,
        sample_id=str(row["sample_id"]) if row["sample_id"] else None,
        events=tuple(events),
        error=refusal,
    )


def _answer(runs: Sequence[RetriedRun], *, is_dry_run: bool = False) -> RetriedLetters:
    return RetriedLetters(count=sum(len(one.events) for one in runs), runs=tuple(runs), dry_run=is_dry_run)
