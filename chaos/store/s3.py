"""The verbs of S3 that Hansard's client uses, over HTTP."""

import email.utils
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from aiohttp import web

from chaos.store.objects import Objects, Stored

BUCKET = "hansard"

_PAGE_SIZE = 1000
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class S3:
    """Answers requests for one bucket."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def routes(self) -> list[web.AbstractRouteDef]:
        """What it answers."""
        path = f"/{BUCKET}/{{key:.+}}"
        return [
            web.get(f"/{BUCKET}", self._list),
            web.post(f"/{BUCKET}", self._delete_several),
            web.get(path, self._get),  # HEAD as well
            web.put(path, self._put),
            web.post(path, self._post),
            web.delete(path, self._delete),
        ]

    async def _get(self, request: web.Request) -> web.Response:
        stored = self._objects.found.get(_key(request))
        if stored is None:
            return _error(404, "NoSuchKey")
        wanted = request.http_range
        headers = {"Accept-Ranges": "bytes", **_headers(stored)}
        if wanted.start is None:
            return web.Response(body=stored.content, headers=headers)
        start, stop, _ = wanted.indices(len(stored.content))
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(stored.content)}"
        return web.Response(status=206, body=stored.content[start:stop], headers=headers)

    async def _put(self, request: web.Request) -> web.Response:
        content = await request.read()
        if "uploadId" in request.query:
            return self._put_part(request, content)
        only_new = request.headers.get("If-None-Match") == "*"
        stored = self._objects.put(_key(request), content, only_new=only_new)
        return _error(412, "PreconditionFailed") if stored is None else web.Response(headers=_headers(stored))

    def _put_part(self, request: web.Request, content: bytes) -> web.Response:
        parts = self._objects.uploads.get(request.query["uploadId"])
        if parts is None:
            return _error(404, "NoSuchUpload")
        number = int(request.query["partNumber"])
        parts[number] = content
        return web.Response(headers={"ETag": f'"part-{number}"'})

    async def _post(self, request: web.Request) -> web.Response:
        key = _key(request)
        if "uploads" in request.query:
            upload = self._objects.begin_upload()
            return _document("InitiateMultipartUploadResult", _element("Key", key) + _element("UploadId", upload))
        await request.read()
        stored = self._objects.complete(key, request.query["uploadId"])
        if stored is None:
            return _error(404, "NoSuchUpload")
        return _document("CompleteMultipartUploadResult", _element("Key", key) + _element("ETag", stored.etag))

    async def _delete(self, request: web.Request) -> web.Response:
        if "uploadId" in request.query:
            self._objects.uploads.pop(request.query["uploadId"], None)
        else:
            self._objects.found.pop(_key(request), None)
        return web.Response(status=204)

    async def _delete_several(self, request: web.Request) -> web.Response:
        asked = ElementTree.fromstring(await request.text())  # noqa: S314 - our own client wrote it
        keys = [str(one.text) for one in asked.iter() if one.tag.endswith("Key")]
        for key in keys:
            self._objects.found.pop(key, None)
        deleted = "".join(_element("Deleted", _element("Key", key), is_text=False) for key in keys)
        return _document("DeleteResult", deleted)

    async def _list(self, request: web.Request) -> web.Response:
        after = request.query.get("continuation-token", request.query.get("start-after", ""))
        page, has_more = self._objects.page(request.query.get("prefix", ""), after=after, size=_PAGE_SIZE)
        listed = "".join(_element("Contents", _listed(key, stored), is_text=False) for key, stored in page)
        more = _element("IsTruncated", "true" if has_more else "false")
        if has_more:
            more += _element("NextContinuationToken", page[-1][0])
        return _document("ListBucketResult", _element("KeyCount", str(len(page))) + more + listed)


def _key(request: web.Request) -> str:
    return request.match_info["key"]


def _headers(stored: Stored) -> dict[str, str]:
    return {"ETag": stored.etag, "Last-Modified": email.utils.format_datetime(stored.modified, usegmt=True)}


def _listed(key: str, stored: Stored) -> str:
    values = {
        "Key": key,
        "LastModified": stored.modified.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "ETag": stored.etag,
        "Size": str(len(stored.content)),
    }
    return "".join(_element(name, value) for name, value in values.items())


def _error(status: int, code: str) -> web.Response:
    return _document("Error", _element("Code", code), status=status)


def _document(name: str, content: str, *, status: int = 200) -> web.Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{_NAMESPACE}">{content}</{name}>'
    return web.Response(status=status, text=text, content_type="application/xml")


def _element(name: str, content: str, *, is_text: bool = True) -> str:
    return f"<{name}>{escape(content) if is_text else content}</{name}>"
