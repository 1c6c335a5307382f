"""Uploads that nobody will finish: S3 keeps their parts, and charges for them, without ever listing an object."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import obstore
from obstore.store import S3Store

from libs.common.errors import StorageUnavailable
from libs.common.storage_refusals import code_of, failure, reported

_Method = Literal["GET", "DELETE"]

_VALID = timedelta(seconds=60)
_PATIENCE = 20.0
_STAGED = re.compile(r"#\d+$")


def remove_staged_files(folder: Path, *, age: float) -> int:
    """Remove files of a local store that were begun, and not written to for `age` seconds; returns how many."""
    last = time.time() - age
    # Not `rglob`: it fails when a folder is removed meanwhile.
    names = ((place, name) for place, _, names in os.walk(folder) for name in names)
    # No key ends like this: obstore refuses it.
    return sum(_is_removed(Path(place, name), last) for place, name in names if _STAGED.search(name))


def _is_removed(path: Path, last: float) -> bool:
    try:
        if path.lstat().st_mtime > last:
            return False
        path.unlink()
    except FileNotFoundError:
        return False  # it was completed, or another gateway was faster
    return True


@dataclass(frozen=True)
class UnfinishedUploads:
    """The multipart uploads of a bucket that are neither complete nor aborted."""

    store: S3Store
    place: str

    async def abort_of(self, key: str) -> int:
        """Abort all of one object; returns how many."""
        return await self._abort([one async for one in self._all(key) if one.key == self._full(key)])

    async def abort_all(self, begin: str, *, age: float) -> int:
        """Abort those that began `age` seconds ago, of objects whose keys begin so; returns how many."""
        last = datetime.now(UTC) - timedelta(seconds=age)
        return await self._abort([one async for one in self._all(begin) if one.began <= last])

    async def _abort(self, uploads: Sequence["_Upload"]) -> int:
        for upload in uploads:
            await self._ask("DELETE", {"uploadId": upload.id}, key=upload.key)
        return len(uploads)

    def _full(self, key: str) -> str:
        return f"{self.store.prefix}/{key}" if self.store.prefix else key

    async def _all(self, begin: str) -> AsyncIterator["_Upload"]:
        after: dict[str, str] = {}
        while True:
            page = _Page.parsed(
                await self._ask("GET", {"uploads": "", "prefix": self._full(begin), **after}), self.place
            )
            for upload in page.uploads:
                yield upload
            if not page.next:
                return
            after = page.next

    async def _ask(self, method: _Method, query: Mapping[str, str], *, key: str = "") -> str:
        """What S3 answers to a request that obstore does not have.

        Raises:
            StorageUnavailable: It does not, or refuses; an upload that is gone is no error.
        """
        return await asyncio.to_thread(self._answer, method, await self._signed(method, query, key))

    async def _signed(self, method: _Method, query: Mapping[str, str], key: str) -> str:
        """Obstore signs, since it knows where to get keys; what it takes for an object's name ends the query.

        S3 ignores parameters that begin with `x-`; its own clients send this one.
        """
        with reported(self.place):
            address, _, _ = (await obstore.sign_async(self._bucket(), "GET", "k", _VALID)).partition("?")
            address = address.removesuffix("/k")
            if key:
                address += f"/{quote(key, safe='/~')}"
            asking = self._bucket(f"{address}?{urlencode(query, quote_via=quote)}&x-id=")
            return await obstore.sign_async(asking, method, "Hansard", _VALID)

    def _bucket(self, address: str | None = None) -> S3Store:
        """The same bucket and keys, without the prefix; at another address if there is one."""
        config = self.store.config.copy()
        if address is not None:
            config["endpoint"], config["virtual_hosted_style_request"] = address, True
        return S3Store(config=config, client_options=self.store.client_options, retry_config=self.store.retry_config)

    def _answer(self, method: _Method, address: str) -> str:
        try:
            with urlopen(Request(address, method=method), timeout=_PATIENCE) as answer:  # noqa: S310 - of the store
                return str(answer.read().decode())
        except HTTPError as error:
            said = f"{error.code} {error.reason}: {error.read().decode(errors='replace')}"
            if code_of(said) == "NoSuchUpload":
                return ""
            raise failure(self.place, said) from None
        except (OSError, HTTPException) as error:
            raise failure(self.place, f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class _Upload:
    key: str
    id: str
    began: datetime


@dataclass(frozen=True)
class _Page:
    uploads: list[_Upload]
    next: dict[str, str]
    """What asks for the next page; empty on the last."""

    @classmethod
    def parsed(cls, text: str, place: str) -> "_Page":
        """Raises `StorageUnavailable` if it is no such list; an empty text is an empty one."""
        if not text:
            return cls([], {})
        try:
            root = ElementTree.fromstring(text)  # noqa: S314 - from the store that has all data anyway
            uploads = [
                _Upload(_text(one, "Key"), _text(one, "UploadId"), datetime.fromisoformat(_text(one, "Initiated")))
                for one in root.iterfind("{*}Upload")
            ]
        except (ElementTree.ParseError, ValueError) as error:
            raise StorageUnavailable(f"the object store {place} listed its uploads illegibly") from error
        is_last = root.findtext("{*}IsTruncated") != "true"
        markers = {"key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker"}
        return cls(uploads, {} if is_last else {name: _text(root, element) for name, element in markers.items()})


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""
