"""A key-value cache, as far as the code that uses one needs to know it."""

from typing import Protocol


class Cache(Protocol):
    """Values that can be made again. A cache that is out of reach answers `None` and forgets what it is given."""

    async def get(self, key: str) -> bytes | None:
        """The value, or `None`."""

    async def set(self, key: str, value: bytes, *, lifetime: float) -> None:
        """Keep a value for `lifetime` seconds."""

    async def delete(self, key: str) -> None:
        """Forget a value."""


class MemoryCache:
    """A cache that lives as long as it is used."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    async def set(self, key: str, value: bytes, *, lifetime: float) -> None:
        self._values[key] = value

    async def delete(self, key: str) -> None:
        self._values.pop(key, None)
