"""Reads tensors from a torch checkpoint in the format before torch 1.6; needs no torch and runs none of its code."""

import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from libs.common.errors import InvalidSettings

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PICKLES_BEFORE_STATE = 3
_COUNT_BYTES = 8

Array = NDArray[np.float32]


def read_tensors(path: Path, group: str) -> dict[str, Array]:
    """The float tensors under `group` of the checkpoint, by name.

    Raises:
        InvalidSettings: The file is no such checkpoint, or holds anything but float tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)[group]
    except (OSError, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        raise InvalidSettings(f"{path} is not a readable checkpoint: {error}") from error


@dataclass
class _Storage:
    """Numbers that follow the pickles; they are read after the tensors that point to them."""

    numbers: Array = field(default_factory=lambda: np.empty(0, np.float32))


@dataclass(frozen=True)
class _View:
    """A contiguous tensor within a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]

    def array(self) -> Array:
        size = int(np.prod(self.shape))
        return self.storage.numbers[self.offset : self.offset + size].reshape(self.shape)


class _TensorUnpickler(pickle.Unpickler):
    """Knows three names; everything else in the file is refused."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> object:
        known: dict[str, Callable[..., object] | type] = {
            "collections.OrderedDict": OrderedDict,
            "torch.FloatStorage": np.float32,
            "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
        }
        if (found := known.get(f"{module}.{name}")) is None:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return found

    def persistent_load(self, pid: object) -> _Storage:
        key = str(cast(tuple[object, ...], pid)[2])
        return self.storages.setdefault(key, _Storage())


def _rebuild_tensor(storage: _Storage, offset: int, shape: tuple[int, ...], *_layout: object) -> _View:
    return _View(storage, offset, shape)


def _read(file: BinaryIO) -> dict[str, dict[str, Array]]:
    if _TensorUnpickler(file).load() != _MAGIC_NUMBER:
        raise ValueError("its first number is another")
    for _ in range(_PICKLES_BEFORE_STATE - 1):
        _TensorUnpickler(file).load()
    tensors = _TensorUnpickler(file)
    state = tensors.load()
    for key in _TensorUnpickler(file).load():
        count = int.from_bytes(file.read(_COUNT_BYTES), "little")
        tensors.storages[key].numbers = np.frombuffer(file.read(4 * count), "<f4")
    return {
        group: {name: value.array() for name, value in values.items() if isinstance(value, _View)}
        for group, values in state.items()
        if isinstance(values, dict)
    }
