"""What a handler is given while it has a unit in hand."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from libs.common.errors import StorageUnavailable
from libs.common.outcome import Unit, Warned
from libs.common.redaction import redacted
from libs.common.speech import Frozen
from libs.common.storage import ObjectStore


class UnitWork:
    """Keeps objects and warnings of one attempt at one unit."""

    def __init__(self, store: ObjectStore, *, folder: str, unit: Unit, attempt: int) -> None:
        self.fraction = 0.0
        self.due: float | None = None
        """When what runs has to have ended, on the monotonic clock; `None` while nothing has a deadline."""

        self._attempt = attempt
        self._store = store
        self._prefix = f"{folder}/{unit.name}"
        self._unit = unit
        self._kept: list[str] = []
        self._warnings: list[Warned] = []

    @property
    def attempt(self) -> int:
        return self._attempt

    @property
    def kept(self) -> tuple[str, ...]:
        """Keys of what was stored."""
        return tuple(self._kept)

    @property
    def warnings(self) -> tuple[Warned, ...]:
        return tuple(self._warnings)

    async def keep(self, name: str, artifact: Frozen) -> str:
        key = self._new_key(name)
        await self._store.put(key, artifact.model_dump_json().encode())
        return key

    async def keep_file(self, name: str, path: Path) -> str:
        key = self._new_key(name)
        await self._store.upload(path, key)
        return key

    def warn(self, code: str, message: str) -> None:
        self._warnings.append(Warned(code=code, message=redacted(message), stage=self._unit.stage))

    def progress(self, fraction: float) -> None:
        self.fraction = max(self.fraction, min(1.0, fraction))

    @asynccontextmanager
    async def within(self, deadline: float) -> AsyncIterator[None]:
        """Stop the block after `deadline` seconds.

        Raises:
            TimeoutError: It was stopped.
        """
        self.due = time.monotonic() + deadline
        try:
            async with asyncio.timeout(deadline):
                yield
        finally:
            self.due = None

    async def discard(self) -> None:
        """Remove what was stored, because no outcome names it."""
        try:
            await self._store.delete(self._kept)
        except StorageUnavailable:
            return  # the sweep after the run's end finds it
        self._kept.clear()

    def _new_key(self, name: str) -> str:
        key = f"{self._prefix}/{secrets.token_hex(8)}/{name}"
        self._kept.append(key)
        return key
