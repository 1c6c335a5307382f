"""Units that were given up: listed until somebody drops them or lets another run do them again.

Given up is what failed, and what fell back: a chunk that became a gap, or a recording whose voices could not be told
apart. Work that was cancelled is not, and neither is what a later run of the same recording has completed since.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from libs.common.line import LINE
from libs.common.outcome import Outcome, Unit, outcome_key
from libs.common.storage import ObjectStore
from libs.common.streams.entry import fact_name
from services.gateway.database import Connection, Database, load_queries
from services.gateway.errors import DeadLetterNotFound
from services.gateway.pages import encode_place
from services.gateway.schemas.dead import DeadLetter, DeadLetterDetails, DeadLetterPage, DroppedLetters

_SQL = load_queries("dead")
_CONSUMES = {one.stage: one.consumes.stream for one in LINE}


@dataclass(frozen=True)
class LetterPlace:
    """The last letter of a page; the next one begins after it, whether or not it is still there."""

    at: datetime.datetime
    unit: Unit

    def __str__(self) -> str:
        return encode_place(self.at, self.unit.id)


@dataclass(frozen=True)
class DeadLetters:
    """The use cases."""

    database: Database
    store: ObjectStore

    async def page(self, workspace: str, *, code: str | None, after: LetterPlace | None, limit: int) -> DeadLetterPage:
        """Those of a code, or all, newest first."""
        last = (after.at, UUID(after.unit.run_id), after.unit.stage, after.unit.part) if after else (None,) * 4
        async with self.database.snapshot() as connection:
            rows = await connection.fetch(_SQL["page"], workspace, code, *last, limit + 1)
            codes = await connection.fetch(_SQL["codes"], workspace, code)
            letters = await _letters(connection, rows[:limit])
        return DeadLetterPage(
            letters=letters,
            codes={row["code"]: row["letters"] for row in codes},
            next_cursor=str(LetterPlace(letters[-1].at, letter_unit(rows[limit - 1]))) if len(rows) > limit else None,
        )

    async def show(self, workspace: str, unit: Unit) -> DeadLetterDetails:
        """One, with the outcome of its unit.

        Raises:
            DeadLetterNotFound: There is none.
            StorageUnavailable: The outcome cannot be read now.
        """
        async with self.database.snapshot() as connection:
            row = await _find(connection, workspace, unit)
            (letter,) = await _letters(connection, [row])
            folder = await connection.fetchval(_SQL["folder"], row["worked_in"])
        worked = unit.model_copy(update={"run_id": str(row["worked_in"])})
        data = await self.store.find(outcome_key(folder, worked))
        return DeadLetterDetails(letter=letter, outcome=None if data is None else Outcome.model_validate_json(data))

    async def drop(self, workspace: str, unit: Unit) -> DroppedLetters:
        """Take one off the list.

        Raises:
            DeadLetterNotFound: There is none.
        """
        async with self.database.transaction() as connection:
            row = await _find(connection, workspace, unit)
            await dismiss(connection, [row])
        return _dropped([row], is_dry_run=False)

    async def drop_all(self, workspace: str, code: str | None, *, is_dry_run: bool) -> DroppedLetters:
        """Take those of a code off the list, or all."""
        async with self.database.transaction() as connection:
            rows = await connection.fetch(_SQL["select_all"], workspace, code)
            if not is_dry_run:
                await dismiss(connection, rows)
        return _dropped(rows, is_dry_run=is_dry_run)


async def dismiss(connection: Connection, rows: Sequence[Record], *, retried_by: UUID | None = None) -> None:
    """Take dead letters off the list, wherever their facts were copied to."""
    units = [row["worked_in"] for row in rows], [row["stage"] for row in rows], [row["part"] for row in rows]
    await connection.execute(_SQL["dismiss"], *units, retried_by)


async def input_events(connection: Connection, units: Sequence[Unit]) -> dict[Unit, str]:
    """Unit → the name of the event that asked for it."""
    asked = {(UUID(unit.run_id), _CONSUMES[unit.stage], unit.part): unit for unit in units if unit.stage in _CONSUMES}
    columns = [list(column) for column in zip(*asked, strict=True)] or [[], [], []]
    found = await connection.fetch(_SQL["inputs"], *columns)
    return {
        asked[row["run_id"], row["stream"], row["unit_part"]]: fact_name(letter_unit(row), row["position"])
        for row in found
    }


def letter_event(row: Record) -> str:
    """The event that says that the unit of this row was given up."""
    return fact_name(letter_unit(row), 0)


def letter_unit(row: Record) -> Unit:
    """The unit of this row."""
    return Unit(run_id=str(row["run_id"]), stage=row["stage"], part=row["part"])


async def _find(connection: Connection, workspace: str, unit: Unit) -> Record:
    row = await connection.fetchrow(_SQL["find"], workspace, UUID(unit.run_id), unit.stage, unit.part)
    if row is None:
        raise DeadLetterNotFound(f"there is no dead letter {fact_name(unit, 0)}")
    return row


async def _letters(connection: Connection, rows: Sequence[Record]) -> tuple[DeadLetter, ...]:
    inputs = await input_events(connection, [letter_unit(row) for row in rows])
    return tuple(
        DeadLetter(
            event=letter_event(row),
            kind="failed" if row["is_failed"] else "fell_back",
            code=row["code"],
            message=row["message"],
            attempts=row["attempts"],
            input=inputs.get(unit),
            run_id=unit.run_id,
            stage=unit.stage,
            part=unit.part,
            meeting_id=_text(row["meeting_id"]),
            title=row["title"],
            filename=row["filename"],
            speaker_id=_text(row["speaker_id"]),
            speaker_name=row["speaker_name"],
            sample_id=_text(row["sample_id"]),
            at=row["recorded_at"],
        )
        for row in rows
        for unit in [letter_unit(row)]
    )


def _dropped(rows: Sequence[Record], *, is_dry_run: bool) -> DroppedLetters:
    return DroppedLetters(count=len(rows), events=tuple(map(letter_event, rows)), dry_run=is_dry_run)


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
