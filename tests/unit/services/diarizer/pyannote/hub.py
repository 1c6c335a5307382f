"""A Hugging Face hub for tests: it speaks the real one's HTTP, with its codes for what it refuses."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.http_servers import serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """What one repository holds, and to whom it is given."""

    files: dict[str, bytes]
    is_gated: bool = False
    """Only whoever has accepted its terms may read it."""


@dataclass
class FakeHub:
    """What the server has; tests change it while it runs."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    accepted: dict[str, set[str]] = field(default_factory=dict)
    """Token → repositories whose terms its owner has accepted."""

    narrow_tokens: set[str] = field(default_factory=set)
    """They have no right to read gated repositories."""

    is_out_of_order: bool = False
    cuts_downloads: bool = False
    """It breaks off in the middle of every file."""

    requests: list[str] = field(default_factory=list)
    url: str = ""

    def add(self, name: str, folder: Path, *, is_gated: bool = False) -> None:
        """Put all files of a folder into a repository."""
        files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.repositories[name] = Repository(files, is_gated=is_gated)

    def refusal(self, name: str, revision: str, file: str, token: str | None) -> tuple[int, str, str] | None:
        """Status, code and text, as the hub gives them; `None` where the file may be read."""
        repository = self.repositories.get(name)
        if self.is_out_of_order:
            return 503, "", "Service Unavailable"
        if token is not None and token not in self.accepted:
            return 401, "", "Invalid credentials in Authorization header"
        if repository is None:
            return (404 if token else 401), "RepoNotFound", "Repository not found"
        is_closed = _gate(self, name, token) if repository.is_gated else None
        return is_closed or _missing(repository, revision, file)


def _gate(hub: FakeHub, name: str, token: str | None) -> tuple[int, str, str] | None:
    if token is None:
        return 401, "GatedRepo", f"Access to model {name} is restricted. You must be authenticated to access it."
    if token in hub.narrow_tokens:
        return 403, "", "Please enable access to public gated repositories in your fine-grained token settings"
    if name not in hub.accepted[token]:
        return 403, "GatedRepo", f"Access to model {name} is restricted and you are not in the authorized list."
    return None


def _missing(repository: Repository, revision: str, file: str) -> tuple[int, str, str] | None:
    if revision not in {"main", COMMIT}:
        return 404, "RevisionNotFound", f"Invalid rev id: {revision}"
    return None if file in repository.files else (404, "EntryNotFound", "Entry not found")


@contextmanager
def running_hub() -> Iterator[FakeHub]:
    """A hub on this machine, until the block ends."""
    with _Server() as server, serving(server):
        yield server.hub


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = FakeHub(url=f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def log_message(self, *_: object) -> None:
        """Tests look at `requests`."""

    def _answer(self, *, with_content: bool) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.server.hub.requests.append(path)
        name, _, rest = path.partition("/resolve/")
        revision, _, file = rest.partition("/")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        refusal = self.server.hub.refusal(name, revision, file, token)
        if refusal is not None:
            self._refuse(*refusal)
            return
        content = self.server.hub.repositories[name].files[file]
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_content and self.server.hub.cuts_downloads:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif with_content:
            self.wfile.write(content)

    def _refuse(self, status: int, code: str, text: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", text)
        self.send_header("Content-Length", "0")
        self.end_headers()
