"""Where galleries come from: objects that the gateway writes, with a cache in front."""

from typing import Protocol

from pydantic import ValidationError

from libs.common.speakers import Gallery, gallery_key
from libs.common.speech import EmbeddingModel
from libs.common.storage import ObjectStore


class Galleries(Protocol):
    """The voiceprints of a workspace."""

    async def load(self, workspace: str, model: EmbeddingModel) -> Gallery | None:
        """The current gallery; `None` where nobody is enrolled with this embedding model."""


class GalleryCache(Protocol):
    """Fast copies of galleries, under the same keys."""

    async def get(self, key: str) -> bytes | None: ...


class StoredGalleries:
    """Reads galleries from the object store; implements `Galleries`."""

    def __init__(self, store: ObjectStore, cache: GalleryCache | None = None) -> None:
        self._store = store
        self._cache = cache

    async def load(self, workspace: str, model: EmbeddingModel) -> Gallery | None:
        key = gallery_key(workspace, model)
        cached = await self._cache.get(key) if self._cache else None
        if cached is not None and (gallery := _parsed(cached)) is not None:
            return gallery
        return await self._store.load(Gallery, key) if await self._store.exists(key) else None


def _parsed(data: bytes) -> Gallery | None:
    """A copy that another release wrote may not be readable; the store's is."""
    try:
        return Gallery.model_validate_json(data)
    except ValidationError:
        return None
