"""Removes what requests have left: uploads of gateways that died, and idempotency keys that nobody repeats."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from libs.common.errors import StorageUnavailable
from libs.common.storage import ObjectStore
from services.gateway.database import Database, DatabaseUnavailable
from services.gateway.idempotency import forget_old_keys
from services.gateway.staging import sweep_abandoned

_PERIOD = 3600.0

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def housekeeping(database: Database, store: ObjectStore, *, period: float = _PERIOD) -> AsyncIterator[None]:
    """Clean up every `period` seconds while the block runs; what fails is done the next time."""
    task = asyncio.create_task(_repeat(database, store, period))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _repeat(database: Database, store: ObjectStore, period: float) -> None:
    while True:
        try:
            swept = await sweep_abandoned(database, store)
            await forget_old_keys(database)
        except (DatabaseUnavailable, StorageUnavailable) as error:
            _log.warning("housekeeping waits", error=error.message)
        else:
            if swept:
                _log.info("abandoned uploads swept", uploads=swept)
        await asyncio.sleep(period)
