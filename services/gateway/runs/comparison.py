"""Two runs of a meeting side by side."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from libs.common.errors import ObjectMissing
from libs.common.storage import ObjectStore
from services.gateway.database import Database
from services.gateway.runs.contents import RunContents, read_contents
from services.gateway.runs.differences.runs import compare_runs
from services.gateway.runs.facts import find_run, run_facts


@dataclass(frozen=True)
class Comparisons:
    """The use case."""

    database: Database
    store: ObjectStore

    async def json(self, workspace: str, meeting_id: UUID, before: UUID, after: UUID, *, collar: float) -> str:
        """A `Comparison` as JSON, computed in a thread: of three hours it takes half a second.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
        """
        old, new = [await self._contents(workspace, meeting_id, run_id) for run_id in (before, after)]
        return await asyncio.to_thread(_compared, str(meeting_id), old, new, collar)

    async def _contents(self, workspace: str, meeting_id: UUID, run_id: UUID) -> RunContents:
        async with self.database.snapshot() as connection:
            run = await find_run(connection, workspace, meeting_id, run_id)
            facts = await run_facts(connection, run.id)
        try:
            return await read_contents(run, facts, self.store)
        except ObjectMissing:
            async with self.database.connection() as connection:  # deleted meanwhile: then it is not found
                await find_run(connection, workspace, meeting_id, run_id)
            raise


def _compared(meeting_id: str, before: RunContents, after: RunContents, collar: float) -> str:
    return compare_runs(meeting_id, before, after, collar=collar).model_dump_json()
