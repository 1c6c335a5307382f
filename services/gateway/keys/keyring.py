"""The keys that there are: making, listing and revoking them."""

import datetime
import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from asyncpg import Record

from libs.common.errors import PipelineError
from services.gateway.database import Database, load_queries
from services.gateway.keys.key import digest, new_key, prefix

State = Literal["active", "expired", "revoked"]

_WORKSPACE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LONGEST_NAME = 100
_SQL = load_queries("keys")


class InvalidKeyWish(PipelineError):
    """A key cannot be made or stored as somebody wishes."""

    code = "invalid_key_wish"


class KeyNotNamed(PipelineError):
    """No key is called so, or more than one."""

    code = "key_not_named"


@dataclass(frozen=True)
class KeyWish:
    """What a new key is for."""

    name: str
    workspace: str
    days: float | None = None
    """Until it expires."""

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _LONGEST_NAME or not self.name.isprintable():
            raise InvalidKeyWish(f"a name has 1 to {_LONGEST_NAME} printable characters")
        if not _WORKSPACE.fullmatch(self.workspace):
            raise InvalidKeyWish("the name of a workspace has up to 63 of a-z, 0-9, - and _, no sign in front")


@dataclass(frozen=True)
class KnownKey:
    """What is known of a key; the key itself is not."""

    id: UUID
    prefix: str
    name: str
    workspace: str
    created_at: datetime.datetime
    last_used_at: datetime.datetime | None
    expires_at: datetime.datetime | None
    state: State


@dataclass(frozen=True)
class Keyring:
    """The use cases. Gateways that run see every change within seconds."""

    database: Database

    async def create(self, wish: KeyWish) -> str:
        """Make a key, and its workspace if that is new; nobody can read the key again."""
        key = new_key()
        await self._insert(key, wish)
        return key

    async def store(self, key: str, wish: KeyWish) -> bool:
        """Keep a key that somebody else has made; true if it opens something. One that is closed stays so."""
        await self._insert(key, wish)
        return await self.database.fetch_one(_SQL["opens"], digest(key)) is not None

    async def list(self) -> list[KnownKey]:
        """All keys, oldest first."""
        return [_known(row) for row in await self.database.fetch(_SQL["list"])]

    async def revoke(self, name: str) -> str:
        """Take a key away, by its id or by how it begins; again is no error. Gives how it begins.

        Raises:
            KeyNotNamed: There is none, or more than one.
        """
        rows = await self.database.fetch(_SQL["named"], name)
        if len(rows) != 1:
            reason = "several keys begin so; name one by its id" if rows else "there is no such key"
            raise KeyNotNamed(f"{name}: {reason} (see `keys list`)")
        await self.database.execute(_SQL["revoke"], rows[0]["id"])
        return str(rows[0]["prefix"])

    async def _insert(self, key: str, wish: KeyWish) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(_SQL["make_workspace"], wish.workspace)
            columns = uuid4(), wish.workspace, wish.name, prefix(key), digest(key), wish.days
            await connection.execute(_SQL["insert"], *columns)


def _known(row: Record) -> KnownKey:
    return KnownKey(
        id=row["id"],
        prefix=row["prefix"],
        name=row["name"],
        workspace=row["workspace"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
        state="revoked" if row["revoked_at"] else "expired" if row["is_expired"] else "active",
    )
