"""S3 servers for tests: moto, which keeps put-if-absent, and rclone, which checks keys but ignores put-if-absent."""

import os
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cli.local.child import free_port, start_child, stop_child, wait_until

KEYS = ("hansard-key", "hansard-secret")

_PYTHON = Path(sys.prefix) / "s3" / "bin" / "python"


@dataclass(frozen=True)
class Bucket:
    """A bucket of a server, with what a service needs to use it."""

    endpoint: str
    name: str

    @property
    def environment(self) -> Mapping[str, str]:
        key, secret = KEYS
        return {
            "OBJECT_STORE_URL": f"s3://{self.name}/objects",
            "AWS_ENDPOINT": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
        }

    @property
    def keys(self) -> list[str]:
        """Of all objects, as a server sees them that asks for no signature."""
        return [one.findtext("{*}Key") or "" for one in self._listed("list-type=2").iterfind("{*}Contents")]

    @property
    def unfinished(self) -> list[str]:
        """The keys of multipart uploads that are neither complete nor aborted."""
        return [one.findtext("{*}Key") or "" for one in self._listed("uploads").iterfind("{*}Upload")]

    def _listed(self, query: str) -> ElementTree.Element:
        with urllib.request.urlopen(f"{self.endpoint}/{self.name}?{query}", timeout=10) as answer:
            return ElementTree.fromstring(answer.read())


@dataclass(frozen=True)
class MotoServer:
    """A server that forgets everything when it ends."""

    endpoint: str

    def new_bucket(self) -> Bucket:
        bucket = Bucket(self.endpoint, f"hansard-{secrets.token_hex(6)}")
        _ask(f"{self.endpoint}/{bucket.name}", "PUT")
        return bucket


@dataclass(frozen=True)
class RcloneServer:
    """A server whose buckets are folders."""

    endpoint: str
    folder: Path
    log: Path

    def new_bucket(self) -> Bucket:
        bucket = Bucket(self.endpoint, f"hansard-{secrets.token_hex(6)}")
        (self.folder / bucket.name).mkdir()
        return bucket

    @property
    def parts(self) -> int:
        """How many parts of multipart uploads it was sent; it has to be verbose."""
        return self.log.read_text("utf-8").count(": put multipart upload ")


@contextmanager
def moto_server(folder: Path) -> Iterator[MotoServer]:
    """A server until the block ends; `folder` is for its log."""
    if not _PYTHON.exists():
        raise FileNotFoundError(f"{_PYTHON} is missing: `make .venv/s3/.stamp` installs the S3 server of the tests")
    port, program = free_port(), Path(__file__).with_name("moto_process.py")
    with _running([str(_PYTHON), str(program), str(port)], port, folder / "moto.log"):
        yield MotoServer(f"http://127.0.0.1:{port}")


@contextmanager
def rclone_server(folder: Path, *, is_verbose: bool = False) -> Iterator[RcloneServer]:
    """A server until the block ends; `folder` is for its log, of each request if it is verbose, and its objects."""
    port, objects, log = free_port(), folder / "objects", folder / "rclone.log"
    objects.mkdir()
    command = [str(Path(sys.executable).with_name("rclone")), "serve", "s3", str(objects)]
    # With hardly a cache, it sees folders that it has not made itself; with none, its timers never rest.
    options = [
        "--addr",
        f"127.0.0.1:{port}",
        "--auth-key",
        ",".join(KEYS),
        "--config",
        os.devnull,
        "--dir-cache-time",
        "1ms",
        *(["-vv"] if is_verbose else []),
    ]
    with _running([*command, *options], port, log):
        yield RcloneServer(f"http://127.0.0.1:{port}", objects, log)


@contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("ab") as output:
        child = start_child(command, death_signal=signal.SIGKILL, output=output)
    try:
        _wait(child, port, log)
        yield
    finally:
        stop_child(child, signal.SIGTERM, grace=5)


def _wait(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    def answers() -> bool:
        try:
            _ask(f"http://127.0.0.1:{port}/", "GET")
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    wait_until(answers, child, timeout=60, log=log)


def _ask(address: str, method: str) -> None:
    urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=10).close()
