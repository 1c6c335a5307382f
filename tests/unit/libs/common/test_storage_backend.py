"""The clients of a store: which addresses they take, and how large the parts of an upload are."""

import pytest

from libs.common.errors import InvalidSettings
from libs.common.storage import ObjectStore
from libs.common.storage_backend import part_bytes


@pytest.mark.parametrize("size_bytes", [0, 1, 2 * 1024**3, 10_000 * 5 * 1024**2])
def test_parts_have_the_smallest_size_while_that_suffices(size_bytes: int) -> None:
    assert part_bytes(size_bytes) == 5 * 1024**2


@pytest.mark.parametrize("size_bytes", [10_000 * 5 * 1024**2 + 1, 100 * 1024**3, 5 * 1024**4])
def test_ten_thousand_parts_hold_any_object(size_bytes: int) -> None:
    size = part_bytes(size_bytes)
    assert size * 10_000 >= size_bytes > (size - 1024**2) * 10_000
    assert size % 1024**2 == 0


def test_an_address_of_no_store_is_refused() -> None:
    with pytest.raises(InvalidSettings, match=r"OBJECT_STORE_URL.*file:///folder or s3://"):
        ObjectStore.open("ftp://example.com/folder")


@pytest.mark.parametrize("url", ["file://folder/objects", "file:objects"])
def test_a_folder_that_is_not_given_by_its_whole_path_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match=r"OBJECT_STORE_URL.*by its whole path.*file:///folder"):
        ObjectStore.open(url)


def test_a_refused_address_is_not_quoted_with_its_password() -> None:
    with pytest.raises(InvalidSettings) as raised:
        ObjectStore.open("ftp://ana:hidden@example.com/folder")
    assert "hidden" not in raised.value.message
