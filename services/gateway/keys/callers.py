"""Who asks: a key is looked up in Postgres, and remembered for a few seconds."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.gateway.database import Database, DatabaseNotMigrated, DatabaseUnavailable, load_queries
from services.gateway.errors import Unauthorized
from services.gateway.keys.key import digest, is_key

DEFAULT_WORKSPACE = "default"

REMEMBERED = 3.0
"""Seconds that a key opens after it was looked up, even if it is revoked meanwhile."""

PATIENCE = 1.0
"""Seconds that an answer under way waits for a look at its key."""

_SQL = load_queries("keys")


@dataclass(frozen=True)
class Caller:
    """Whose things a request is about."""

    workspace: str
    key: str | None = None
    """How the key begins; `None` where none is asked for and none was sent."""


@dataclass(frozen=True)
class _Known:
    caller: Caller
    until: float


class Callers:
    """Every key that was shown lately. A wrong one is never remembered, so that a new one opens at once."""

    def __init__(self, database: Database, *, is_key_required: bool) -> None:
        self._database = database
        self._known: dict[bytes, _Known] = {}
        self.is_key_required = is_key_required
        self.remembered = REMEMBERED
        self.patience = PATIENCE
        self._unasked_until = 0.0
        self._looks = set[asyncio.Task[bool]]()
        self._closed = set[bytes]()

    async def who(self, authorizations: Sequence[str]) -> Caller:
        """Who sent these `Authorization` headers; a wrong key is refused also where none is asked for.

        Raises:
            Unauthorized: There is none although one is asked for, or it opens nothing.
            DatabaseUnavailable: The key is not remembered, and nobody can be asked.
        """
        if not authorizations and not self.is_key_required:
            return Caller(DEFAULT_WORKSPACE)
        key = _bearer(authorizations)
        if key is None or not is_key(key):
            raise Unauthorized
        # Looked up by its digest: how long that takes says nothing about the keys that there are.
        return await self._known_by(digest(key))

    async def still_opens(self, authorizations: Sequence[str]) -> bool:
        """Whether what has let somebody in does so now; it does while nobody can be asked.

        An answer under way is held up by a server that is away neither for long nor again and again. What the server
        says too late counts the next time.
        """
        key = _bearer(authorizations)
        if key is None:
            return True
        sha256 = digest(key)
        if sha256 in self._closed:
            return False
        if self._remembered(sha256) or time.monotonic() < self._unasked_until:
            return True
        # Left to itself when it takes too long: to be cancelled, a statement waits for the server once more.
        look = asyncio.create_task(self._opens(authorizations, sha256))
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)
        await asyncio.wait({look}, timeout=self.patience)
        if look.done():
            return look.result()
        self._ask_nobody_for_now()
        return True

    async def has_any(self) -> bool:
        """Whether any key opens anything.

        Raises:
            DatabaseUnavailable, DatabaseNotMigrated: Nobody can say.
        """
        try:
            row = await self._database.fetch_one(_SQL["has_any"])
        except asyncpg.UndefinedTableError as error:
            raise DatabaseNotMigrated from error
        return row is not None and bool(row["found"])

    async def _opens(self, authorizations: Sequence[str], sha256: bytes) -> bool:
        try:
            await self.who(authorizations)
        except Unauthorized:
            self._closed.add(sha256)
            return False
        except DatabaseUnavailable:
            self._ask_nobody_for_now()
        return True

    def _ask_nobody_for_now(self) -> None:
        self._unasked_until = time.monotonic() + REMEMBERED

    def _remembered(self, sha256: bytes) -> Caller | None:
        known = self._known.get(sha256)
        return known.caller if known is not None and time.monotonic() < known.until else None

    async def _known_by(self, sha256: bytes) -> Caller:
        if caller := self._remembered(sha256):
            return caller
        now = time.monotonic()
        self._known.pop(sha256, None)
        row = await self._database.fetch_one(_SQL["find"], sha256)
        if row is None:
            raise Unauthorized
        self._closed.discard(sha256)
        caller = Caller(row["workspace"], row["prefix"])
        seconds_left = self.remembered if row["seconds_left"] is None else row["seconds_left"]
        self._known[sha256] = _Known(caller, now + min(self.remembered, seconds_left))
        return caller


def _bearer(authorizations: Sequence[str]) -> str | None:
    """The token of the only header, if it is of the scheme `Bearer`."""
    if len(authorizations) != 1:
        return None
    scheme, _, token = authorizations[0].strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
