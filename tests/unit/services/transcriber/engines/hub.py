"""A Hugging Face hub for tests: one repository, over HTTP, with the mishaps of a real one."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.http_servers import serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "Systran/faster-whisper-small"
WEIGHTS = "model.bin"


@dataclass
class Hub:
    """What the server has, and how it behaves; tests change it while it runs."""

    files: dict[str, bytes] = field(
        default_factory=lambda: {
            "README.md": b"# a model",
            "config.json": b"{}",
            "tokenizer.json": b'{"model": {}}',
            "vocabulary.txt": b"a\nb\n",
            WEIGHTS: bytes(range(256)) * 16_384,
        }
    )

    token: str | None = None
    """The only one that may read."""

    refusal: int = 401
    """The status for whoever may not."""

    cuts: int = 0
    """Downloads of the weights that still break off in the middle."""

    is_down_after_cut: bool = False
    sent: dict[str, bytes] = field(default_factory=dict)
    """Content that is sent instead of what the hub states."""

    downloads: list[str] = field(default_factory=list)
    url: str = ""
    _was_cut: bool = False

    def tree(self) -> list[dict[str, object]]:
        """As the hub lists files: large ones with their SHA-256."""
        return [_entry(name, content) for name, content in self.files.items()]

    def etag(self, name: str) -> str:
        entry = _entry(name, self.files[name])
        lfs = entry.get("lfs")
        return str(lfs["oid"] if isinstance(lfs, dict) else entry["oid"])

    def is_down(self) -> bool:
        return self.is_down_after_cut and self._was_cut

    def cut(self) -> bool:
        """Whether this download breaks off."""
        is_cut, self.cuts = self.cuts > 0, self.cuts - 1
        self._was_cut |= is_cut
        return is_cut


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub on this machine, until the block ends."""
    with _Server() as server, serving(server):
        yield server.hub


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = Hub(url=f"http://127.0.0.1:{self.server_port}")


def _entry(name: str, content: bytes) -> dict[str, object]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": blob}
    if name == WEIGHTS:
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return entry


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.server.hub, self.path.partition("?")[0]
        name = path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
        if hub.token is not None and self.headers["Authorization"] != f"Bearer {hub.token}":
            self._answer(hub.refusal, b"{}")
        elif path == f"/api/models/{REPOSITORY}/revision/main":
            self._answer(200, json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": []}).encode())
        elif path == f"/api/models/{REPOSITORY}/tree/{COMMIT}":
            self._answer(200, json.dumps(hub.tree()).encode())
        elif name in hub.files:
            self._send_file(name)
        else:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _send_file(self, name: str) -> None:
        hub = self.server.hub
        if hub.is_down():
            self._answer(503, b"")
            return
        content = hub.sent.get(name, hub.files[name])
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        headers = {"ETag": f'"{hub.etag(name)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        is_download = self.command == "GET"
        if is_download:
            hub.downloads.append(name)
        is_cut = is_download and name == WEIGHTS and hub.cut()
        self._answer(206 if start else 200, content[start:], headers, is_cut=is_cut)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, is_cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
        self.close_connection = self.close_connection or is_cut

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is for its failures."""
