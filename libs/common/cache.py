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
