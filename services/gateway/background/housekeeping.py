"""Removes what requests have left: uploads of gateways that died, and idempotency keys that nobody repeats."""

from dataclasses import dataclass

import structlog

from libs.common.errors import StorageUnavailable
from libs.common.storage import ObjectStore
from services.gateway.database import Database
from services.gateway.intake.idempotency import forget_old_keys
from services.gateway.intake.staging import ABANDONED_AFTER, sweep_abandoned

_FOLDERS = ("answers", "galleries", "meetings", "probes", "samples")
"""All that Hansard keeps objects in: a bucket or a folder may hold things of others, too."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Housekeeping:
    """Cleans up, pass by pass; what fails is done by the next."""

    database: Database
    store: ObjectStore
    upload_age: float = ABANDONED_AFTER

    async def clean_up(self) -> None:
        """One pass.

        Raises:
            DatabaseUnavailable, StorageUnavailable: Something did not answer.
        """
        swept = await sweep_abandoned(self.database, self.store, age=self.upload_age)
        await forget_old_keys(self.database)
        if swept:
            _log.info("abandoned uploads swept", uploads=swept)
        await self._remove_unfinished()

    async def _remove_unfinished(self) -> None:
        """What was never whole is no object: the sweep does not see it, and the store keeps it for ever."""
        try:
            removed = await self.store.remove_unfinished(age=self.upload_age, folders=_FOLDERS)
        except StorageUnavailable as error:
            cure = "if the store has no such request, let a lifecycle rule of the bucket abort them"
            _log.warning("unfinished uploads could not be removed", error=error.message, cure=cure)
            return
        if removed:
            _log.info("unfinished uploads removed", uploads=removed)
