"""The objects of a store, in memory."""

import datetime
import hashlib
import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stored:
    """One object."""

    content: bytes
    modified: datetime.datetime

    @property
    def etag(self) -> str:
        """The MD5 of the content, quoted."""
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass
class Objects:
    """Everything in one bucket."""

    found: dict[str, Stored] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    """Multipart uploads that are neither complete nor given up: id → part number → content."""

    def put(self, key: str, content: bytes, *, only_new: bool = False) -> Stored | None:
        """Store an object; `None` if there is one already and only a new one was wanted."""
        if only_new and key in self.found:
            return None
        stored = self.found[key] = Stored(content, datetime.datetime.now(datetime.UTC))
        return stored

    def begin_upload(self) -> str:
        """The id of a new multipart upload."""
        upload = secrets.token_hex(16)
        self.uploads[upload] = {}
        return upload

    def complete(self, key: str, upload: str) -> Stored | None:
        """Make an object of the parts; `None` if there is no such upload (any more)."""
        parts = self.uploads.pop(upload, None)
        if parts is None:
            return None
        return self.put(key, b"".join(parts[number] for number in sorted(parts)))

    def page(self, prefix: str, *, after: str, size: int) -> tuple[list[tuple[str, Stored]], bool]:
        """Objects whose key begins with the prefix and comes after another key, and whether there are more."""
        keys = sorted(key for key in self.found if key.startswith(prefix) and key > after)
        return [(key, self.found[key]) for key in keys[:size]], len(keys) > size
