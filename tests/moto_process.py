"""Runs moto with the interpreter of `.venv/s3`: an S3 server that looks at one request at a time.

By itself it checks for an object and stores one in two steps, between which another request can come, and it says of
every unfinished upload that it was begun in 2010.
"""

import datetime
import re
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from moto.server import DomainDispatcherApplication, create_backend_app  # type: ignore[import-not-found]
from werkzeug.serving import run_simple  # type: ignore[import-not-found]

_answers = DomainDispatcherApplication(create_backend_app)
_one_at_a_time = threading.Lock()
_begun: dict[str, str] = {}
"""Upload id → when it was begun."""

_ID = re.compile(r"<UploadId>([^<]+)</UploadId>")
_UPLOAD = re.compile(r"<Upload>.*?</Upload>", re.DOTALL)


def _answered(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    with _one_at_a_time:
        body = list(_answers(environ, start_response))
        if "uploads" not in parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True):
            return body
        text = b"".join(body).decode()
        if environ["REQUEST_METHOD"] == "POST":
            _begun.update(
                dict.fromkeys(_ID.findall(text), f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S.000Z}")
            )
        return [_UPLOAD.sub(_dated, text).encode()]


def _dated(upload: re.Match[str]) -> str:
    """The same number of characters: the length of the answer has been said."""
    (upload_id,) = _ID.findall(upload[0])
    return re.sub(r"(<Initiated>)[^<]*", rf"\g<1>{_begun[upload_id]}", upload[0])


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), _answered, threaded=True)
