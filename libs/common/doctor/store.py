"""Whether the object store answers, and refuses to write an object twice."""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from libs.common.doctor.checking import Check, one_line
from libs.common.doctor.finding import Finding, ok, problem, warning
from libs.common.doctor.machine import disk_finding
from libs.common.errors import ObjectMissing, StorageUnavailable
from libs.common.storage import ObjectStore
from libs.common.storage_backend import folder_of

_PATIENCE = 5.0
_PATIENCE_AFTERWARDS = 2.0
_SLOW = 1.0
"""Seconds for a small object."""

_NEEDED_BYTES = 2 * 2**30
_CURE = "see that it runs, and that OBJECT_STORE_URL and the AWS variables name it and its keys"


def store_check(url: str) -> Check:
    """All about the object store at an address."""
    return Check("object store", partial(_look, url))


async def _look(url: str) -> AsyncIterator[Finding]:
    folder = folder_of(url)
    if folder is not None:
        for finding in _folder(folder):
            yield finding
        if not folder.is_dir():
            return  # to open it would make it
    store = ObjectStore.open(url)
    key = f"probes/doctor-{secrets.token_hex(8)}"
    try:
        async with asyncio.timeout(_PATIENCE):
            async for finding in _tried(store, key):
                yield finding
    except (StorageUnavailable, ObjectMissing) as error:
        yield problem("object store", one_line(error.message), _CURE)
    except TimeoutError:
        yield problem("object store", f"does not answer within {_PATIENCE:g} s", _CURE)


async def _tried(store: ObjectStore, key: str) -> AsyncIterator[Finding]:
    times = {}
    began = time.perf_counter()
    try:
        await store.put_new(key, b"1")
        times["write"] = time.perf_counter() - began
        is_overwritten = await store.put_new(key, b"2")
        began = time.perf_counter()
        await store.get(key)
        times["read"] = time.perf_counter() - began
    finally:
        times["delete"] = await _removed(store, key)
    what = "answers: " + ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in times.items())
    is_slow = max(times.values()) > _SLOW
    yield warning("object store", what, "take a store that is nearer") if is_slow else ok("object store", what)
    if is_overwritten:
        cure = "choose a store that knows If-None-Match: else two outcomes of one unit can exist"
        yield problem("put-if-absent", "the object store ignores it and overwrites", cure)
    else:
        yield ok("put-if-absent", "works")


async def _removed(store: ObjectStore, key: str) -> float:
    """Seconds that it took; a store that does not answer is a finding already."""
    began = time.perf_counter()
    with suppress(StorageUnavailable, TimeoutError):
        async with asyncio.timeout(_PATIENCE_AFTERWARDS):
            await store.delete([key])
    return time.perf_counter() - began


def _folder(folder: Path) -> Iterator[Finding]:
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        cure = "give this user the right, or set OBJECT_STORE_URL to another folder"
        yield problem("object store", f"{there} cannot be written by this user", cure)
    elif not folder.is_dir():
        yield warning("object store", f"{folder} is not there yet", "nothing, if it is new: the start makes it")
    yield disk_finding("object store disk", there, shutil.disk_usage(there).free, _NEEDED_BYTES)
