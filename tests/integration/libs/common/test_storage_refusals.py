"""Stores that refuse: the start says which setting is wrong, later work waits, and no key is ever quoted."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from libs.common.errors import InvalidSettings, StorageUnavailable
from libs.common.storage import ObjectStore
from libs.common.storage_backend import open_backend
from tests.http_servers import serving
from tests.object_stores import KEYS, Bucket

_RACER = Path(__file__).with_name("put_racer.py")


def opened(bucket: Bucket) -> ObjectStore:
    return ObjectStore.open(bucket.environment["OBJECT_STORE_URL"])


async def refusal(store: ObjectStore) -> str:
    with pytest.raises(InvalidSettings) as raised:
        await store.check()
    return raised.value.message


async def test_a_store_that_ignores_put_if_absent_is_refused(strict_bucket: Bucket) -> None:
    assert "put-if-absent" in await refusal(opened(strict_bucket))


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
async def test_wrong_keys_are_named_but_not_quoted(
    strict_bucket: Bucket, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "another-one")
    store = opened(strict_bucket)
    message = await refusal(store)
    assert name in message
    assert strict_bucket.name in message
    with pytest.raises(StorageUnavailable) as raised:
        await store.get("k")
    for text in (message, str(raised.value), repr(raised.value.__cause__)):
        assert not [secret for secret in ("another-one", *KEYS) if secret in text]


async def test_an_address_without_encryption_has_to_be_allowed(
    strict_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    assert "AWS_ALLOW_HTTP" in await refusal(opened(strict_bucket))


async def test_an_empty_variable_means_that_nothing_is_set(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.setenv(name, "")
    await opened(bucket).check()


@pytest.mark.parametrize("kind", ["bucket", "strict_bucket"])
async def test_a_missing_bucket_is_no_missing_object(request: pytest.FixtureRequest, kind: str) -> None:
    store = ObjectStore.open(f"s3://no-{request.getfixturevalue(kind).name}/objects")
    assert "NoSuchBucket" in await refusal(store)
    for ask in (
        store.find("k"),
        store.get("k"),
        store.exists("k"),
        store.size("k"),
        store.list(""),
        store.put("k", b""),
    ):
        with pytest.raises(StorageUnavailable, match="create the bucket"):
            await ask
    with pytest.raises(StorageUnavailable, match="create the bucket"):
        async for _ in store.read("k"):
            pass


async def test_uploads_that_may_still_go_on_are_left_alone(strict_bucket: Bucket) -> None:
    store = opened(strict_bucket)
    command = [sys.executable, str(_RACER), "--killed", strict_bucket.environment["OBJECT_STORE_URL"], "ü &%+1"]
    killed = await asyncio.to_thread(subprocess.run, command, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert await store.remove_unfinished(age=3600.0) == 0
    assert await store.remove_unfinished(age=0.0) == 1
    assert await store.remove_unfinished(age=0.0) == 0


_ANSWERS = {
    "AuthorizationHeaderMalformed": (
        400,
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'",
        "AWS_REGION",
    ),
    "PermanentRedirect": (301, "The bucket must be addressed using the specified endpoint.", "AWS_REGION"),
    "RequestTimeTooSkewed": (
        403,
        "The difference between the request time and the current time is too large.",
        "clock",
    ),
    "ExpiredToken": (400, "The provided token has expired.", "AWS_SESSION_TOKEN"),
    "AccessDenied": (403, "User: ana is not authorized to perform: s3:PutObject", "s3:PutObject"),
}
"""What S3 itself answers, which needs its regions, clocks and roles: status, message, and what we shall say."""


class Refusing(BaseHTTPRequestHandler):
    """Answers everything as its server's `answer` says; S3 repeats in it what it was asked with."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        code = self.path.split("/")[1]
        status, message, _ = _ANSWERS[code]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
            f"<AWSAccessKeyId>{KEYS[0]}</AWSAccessKeyId><Token-0>{KEYS[1]}</Token-0></Error>"
        ).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET  # noqa: N815 - named by the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        pass


@pytest.fixture
def refusing_endpoint(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    with serving(server):
        yield


@pytest.mark.usefixtures("refusing_endpoint")
@pytest.mark.parametrize("code", _ANSWERS)
async def test_what_s3_refuses_comes_with_the_cure_and_without_the_keys(code: str) -> None:
    message = await refusal(ObjectStore.open(f"s3://{code}/objects"))
    assert _ANSWERS[code][2] in message
    assert code in message
    assert not [secret for secret in KEYS if secret in message]


async def test_a_store_that_is_away_is_reported_once_patience_is_over(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "http://ana:hidden@127.0.0.1:1")
    began = time.monotonic()
    with pytest.raises(StorageUnavailable) as raised:
        await ObjectStore(open_backend("s3://bucket", patience=1.0), place="s3://ana:hidden@bucket").get("k")
    assert time.monotonic() - began < 10.0
    assert "hidden" not in raised.value.message
