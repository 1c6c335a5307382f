"""A request that is sent twice takes effect once: the key decides, inside the accepting transaction."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from asyncpg import Record

from libs.common.speech import Frozen
from services.gateway.database import Connection, Database, load_queries
from services.gateway.errors import IdempotencyKeyReused, InvalidRequest
from services.gateway.schemas.problems import FieldError

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
REMEMBERED = 7 * 24 * 3600.0
"""Seconds that a key is kept."""

_MAX_LENGTH = 255
_SQL = load_queries("acceptance")


@dataclass(frozen=True)
class RequestKey:
    """A client's name for a request."""

    workspace: str
    route: str
    value: str

    @classmethod
    def of(cls, workspace: str, route: str, header: str | None) -> "RequestKey | None":
        """The key that a header gives, if there is one.

        Raises:
            InvalidRequest: It is too long or has characters that cannot be shown.
        """
        if header is None:
            return None
        if not 0 < len(header) <= _MAX_LENGTH or not header.isprintable():
            fault = f"must have 1 to {_MAX_LENGTH} printable characters"
            raise InvalidRequest.of(FieldError(field=IDEMPOTENCY_HEADER, message=fault))
        return cls(workspace, route, header)


def fingerprint(options: Frozen, recordings: Sequence[str]) -> str:
    """SHA-256 over what makes two requests the same: the options, and the content of the recordings in their order."""
    content = json.dumps([options.model_dump(mode="json"), list(recordings)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


async def claim(connection: Connection, key: RequestKey, print_of_request: str) -> str | None:
    """Take the key for this transaction, or return the JSON that the first request was answered with.

    Of two transactions with the same key, the second waits here until the first has ended.

    Raises:
        IdempotencyKeyReused: That was a different request.
    """
    claimed = await connection.fetchrow(_SQL["claim_key"], *_columns(key), print_of_request)
    assert claimed is not None, "what is inserted or updated is returned"
    return _answer_of(claimed, key, print_of_request)


async def find_answer(connection: Connection, key: RequestKey, print_of_request: str) -> str | None:
    """The JSON that a request under this key was answered with.

    Raises:
        IdempotencyKeyReused: That was a different request.
    """
    known = await connection.fetchrow(_SQL["find_key"], *_columns(key))
    return None if known is None else _answer_of(known, key, print_of_request)


def _answer_of(row: Record, key: RequestKey, print_of_request: str) -> str | None:
    if row["fingerprint"] != print_of_request:
        raise IdempotencyKeyReused(f"the key {key.value!r} was used for a request with other content")
    return cast(str | None, row["answer"])


async def record_answer(connection: Connection, key: RequestKey, answer: Frozen) -> None:
    """Keep what the request is answered with; in the transaction of `claim`."""
    await connection.execute(_SQL["record_answer"], *_columns(key), answer.model_dump_json())


async def forget_old_keys(database: Database, *, age: float = REMEMBERED) -> None:
    """Remove the keys of requests that nobody repeats any more."""
    await database.execute(_SQL["forget_keys"], age)


def _columns(key: RequestKey) -> tuple[str, str, str]:
    return key.workspace, key.route, key.value
