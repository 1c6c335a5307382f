"""Cursors: where the next page of a list begins, opaque to the client."""

import base64
import binascii
import datetime
from dataclasses import dataclass
from uuid import UUID

from services.gateway.errors import InvalidRequest
from services.gateway.schemas.problems import FieldError


@dataclass(frozen=True)
class Cursor:
    """The last row of a page; the next page begins after it."""

    created_at: datetime.datetime
    id: UUID

    def __str__(self) -> str:
        text = f"{self.created_at.isoformat()} {self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor.

        Raises:
            InvalidRequest: No answer of ours contained it.
        """
        try:
            created_at, row_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(" ")
            cursor = cls(datetime.datetime.fromisoformat(created_at), UUID(row_id))
        except (ValueError, binascii.Error) as error:
            raise InvalidRequest.of(FieldError(field="cursor", message="is not a cursor of this list")) from error
        if cursor.created_at.tzinfo is None:
            raise InvalidRequest.of(FieldError(field="cursor", message="is not a cursor of this list"))
        return cursor
