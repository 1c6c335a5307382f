"""A `Work` for tests of stages: a real object store, and a record of what the handler said."""

import secrets
from pathlib import Path

from libs.common.speech import Frozen
from libs.common.storage import ObjectStore


class RecordedWork:
    """Keeps artifacts for real; warnings and progress can be looked at afterwards."""

    def __init__(self, store: ObjectStore, folder: str, *, attempt: int = 1) -> None:
        self.attempt = attempt
        self.warnings: list[tuple[str, str]] = []
        self.fractions: list[float] = []
        self._store = store
        self._folder = folder

    async def keep(self, name: str, artifact: Frozen) -> str:
        key = self._key(name)
        await self._store.put(key, artifact.model_dump_json().encode())
        return key

    async def keep_file(self, name: str, path: Path) -> str:
        key = self._key(name)
        await self._store.upload(path, key)
        return key

    def warn(self, code: str, message: str) -> None:
        self.warnings.append((code, message))

    def progress(self, fraction: float) -> None:
        self.fractions.append(fraction)

    def _key(self, name: str) -> str:
        return f"{self._folder}/{secrets.token_hex(8)}/{name}"
