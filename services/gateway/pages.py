"""Cursors: where the next page of a list begins, opaque to the client."""

import base64
import datetime
from dataclasses import dataclass
from uuid import UUID

from services.gateway.errors import InvalidRequest
from services.gateway.schemas.problems import FieldError


def no_cursor() -> InvalidRequest:
    """What a client is told whose cursor no answer of ours contained."""
    return InvalidRequest.of(FieldError(field="cursor", message="is not a cursor of this list"))


@dataclass(frozen=True)
class Cursor:
    """The last row of a page; the next page begins after it."""

    created_at: datetime.datetime
    id: UUID

    def __str__(self) -> str:
        return encode_place(self.created_at, str(self.id))

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor.

        Raises:
            InvalidRequest: No answer of ours contained it.
        """
        try:
            created_at, row_id = decode_place(text)
            return cls(created_at, UUID(row_id))
        except ValueError as error:
            raise no_cursor() from error


def encode_place(time: datetime.datetime, name: str) -> str:
    """A cursor of these two."""
    return base64.urlsafe_b64encode(f"{time.isoformat()} {name}".encode()).decode().rstrip("=")


def decode_place(cursor: str) -> tuple[datetime.datetime, str]:
    """The time and the name that a cursor was made of.

    Raises:
        ValueError: It was not.
    """
    time, _, name = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
    parsed = datetime.datetime.fromisoformat(time)
    if parsed.utcoffset() != datetime.timedelta(0):  # Postgres answers in UTC; others may lie outside of its years
        raise ValueError(f"{time} is no moment of ours")
    return parsed, name
