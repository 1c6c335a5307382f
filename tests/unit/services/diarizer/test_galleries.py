from pathlib import Path

import pytest

from libs.common.speakers import Gallery, Voiceprint, gallery_key
from libs.common.speech import EmbeddingModel
from libs.common.storage import ObjectStore
from services.diarizer.galleries import StoredGalleries

MODEL = EmbeddingModel(name="resemblyzer", revision="0.1.4", dimension=2)
KEY = gallery_key("default", MODEL)


class Copies:
    """A cache that holds what it was given."""

    def __init__(self, copies: dict[str, bytes] | None = None) -> None:
        self.copies = copies or {}

    async def get(self, key: str) -> bytes | None:
        return self.copies.get(key)


def gallery(name: str) -> Gallery:
    voiceprint = Voiceprint(sample_id="s1", speaker_id="p1", name=name, vector=(1.0, 0.0))
    return Gallery(workspace="default", model=MODEL, voiceprints=(voiceprint,))


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore.open(f"file://{tmp_path}/objects")


async def test_reads_the_gallery_of_its_workspace_and_model_from_the_store(store: ObjectStore) -> None:
    await store.put(KEY, gallery("Ana").model_dump_json().encode())
    galleries = StoredGalleries(store)

    assert await galleries.load("default", MODEL) == gallery("Ana")
    assert await galleries.load("other", MODEL) is None
    assert await galleries.load("default", MODEL.model_copy(update={"revision": "2"})) is None


async def test_a_copy_in_the_cache_is_taken_first(store: ObjectStore) -> None:
    await store.put(KEY, gallery("Ana").model_dump_json().encode())
    cache = Copies({KEY: gallery("Ben").model_dump_json().encode()})

    assert await StoredGalleries(store, cache).load("default", MODEL) == gallery("Ben")


@pytest.mark.parametrize("copy", [b"", b"{}", b"\xff\x00"])
async def test_an_unreadable_copy_is_passed_over(store: ObjectStore, copy: bytes) -> None:
    await store.put(KEY, gallery("Ana").model_dump_json().encode())

    assert await StoredGalleries(store, Copies({KEY: copy})).load("default", MODEL) == gallery("Ana")
