"""Secrets that are easy to find again, services that are started with them, and a server that repeats requests."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.http_servers import serving

ROOT = Path(__file__).parents[3]
SERVICES = ("gateway", "normalizer", "diarizer", "transcriber", "summarizer")
CANARY = "canary"

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
    "AWS_SESSION_TOKEN": "canary-aws-session",
    "HANSARD_API_KEY": "hsk_canary0123456789012345678901234567890123456",
    "HUGGINGFACE_TOKEN": "hf_canary0123456789",
    "OPENAI_API_KEY": "sk-canary-0123456789abcdef",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary-otlp",
    "SUMMARIZER_ENGINE": "openai",
}
"""Of every kind, in every service's environment."""

_PATIENCE = 120.0
"""Seconds for all services of one test together, on a machine that is busy."""


async def spoken(service: str, environment: Mapping[str, str], *arguments: str, until: str | None = None) -> str:
    """All that a service writes until it ends by itself, or until it says something."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPENAI_", "HF_"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{service}", *arguments),
        cwd=ROOT,
        env={**clean, **SECRETS, "PORT": "0", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    written = b""
    try:
        async with asyncio.timeout(_PATIENCE):
            while line := await process.stdout.readline():
                written += line
                if until is not None and until.encode() in line:
                    break
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return written.decode()


@contextmanager
def echo_server() -> Iterator[str]:
    """The address of a server that refuses every request, and repeats its headers in the refusal."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        said = " ".join(f"{name}: {value}" for name, value in self.headers.items() if name != "Connection")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = f'{{"error": {{"message": "refused {said}"}}}}'.encode()
        self.send_response(403)
        self.send_header("X-Error-Message", said)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - so does the class call them

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is for its failures."""
