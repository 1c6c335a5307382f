"""Objects of requests that are not accepted yet: accepted with their rows in one transaction, or removed again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from libs.common.errors import StorageUnavailable
from libs.common.storage import ObjectStore
from services.gateway.database import Connection, Database, DatabaseUnavailable, load_queries
from services.gateway.errors import UploadExpired

ABANDONED_AFTER = 24 * 3600.0
"""Seconds after which an upload that was neither accepted nor removed is swept: its gateway has died."""

_SQL = load_queries("staging")

_log = structlog.get_logger(__name__)


class Staging:
    """The prefixes under which one request stores what it brings.

    Each is noted in Postgres first, so that what a dead gateway leaves behind is known.
    """

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self.store = store
        self.is_accepted = False
        self._database = database
        self._prefixes: list[str] = []

    async def begin(self, prefix: str) -> str:
        """Announce objects below `prefix`; returns it."""
        await self._database.execute(_SQL["begin_upload"], prefix)
        self._prefixes.append(prefix)
        return prefix

    async def accept(self, connection: Connection) -> None:
        """Keep the objects; the last step of the accepting transaction.

        After it only the commit can fail, and then nobody knows whether it did: the objects stay, and the sweep
        looks again.

        Raises:
            UploadExpired: They have been swept already.
        """
        noted = await connection.fetch(_SQL["end_uploads"], self._prefixes)
        if len(noted) != len(self._prefixes):
            raise UploadExpired("the upload took so long that it was taken for abandoned; send it again")
        self.is_accepted = True

    async def discard(self) -> None:
        """Remove everything; what cannot be removed now is left to the sweep."""
        try:
            for prefix in self._prefixes:
                await self.store.delete_prefix(prefix)
            await self._database.execute(_SQL["end_uploads"], self._prefixes)
        except (StorageUnavailable, DatabaseUnavailable) as error:
            _log.warning("upload left to the sweep", prefixes=self._prefixes, error=error.message)


@asynccontextmanager
async def staged(database: Database, store: ObjectStore) -> AsyncIterator[Staging]:
    """A staging whose objects are removed unless they were accepted when the block ends."""
    staging = Staging(database, store)
    try:
        yield staging
    finally:
        if not staging.is_accepted:
            await staging.discard()


async def sweep_abandoned(database: Database, store: ObjectStore, *, age: float = ABANDONED_AFTER) -> int:
    """Remove what gateways that died in the middle of an upload have left; returns how many uploads that were."""
    swept = 0
    while True:
        async with database.transaction() as connection:
            prefix = await connection.fetchval(_SQL["lock_abandoned_upload"], age)
            if prefix is None:
                return swept
            await store.delete_prefix(prefix)
            await connection.fetch(_SQL["end_uploads"], [prefix])
            swept += 1
