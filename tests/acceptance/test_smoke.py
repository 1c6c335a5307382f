"""The smoke script against a Hansard that asks for keys."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from cli.client import Gateway
from cli.errors import GatewayRefused
from tests.acceptance.conftest import ROOT, Hansard, running, wait_until
from tests.http_servers import serving

_CLIP = ROOT / "samples" / "short" / "speakers" / "Mark" / "introduction.flac"
_KEY = "hsk_" + "smoke-test_" * 3 + "0123456789"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hansard]:
    home = tmp_path_factory.mktemp("guarded") / "home"
    with running(
        home, REQUIRE_API_KEY="true", HANSARD_API_KEY=_KEY, TRANSCRIBER_ENGINE="pocketsphinx", BACKLOG_LIMIT="4"
    ) as hansard:
        yield hansard


class Redirect(BaseHTTPRequestHandler):
    """Sends everybody to an address with TLS."""

    def do_GET(self) -> None:
        self.send_response(301)
        self.send_header("Location", f"https://hansard.example{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its parent calls it so
        pass


def _smoke(hansard: Hansard, *options: str, key: str = _KEY) -> subprocess.CompletedProcess[str]:
    return _smoke_at(hansard.gateway.url, *options, key=key)


def _smoke_at(url: str, *options: str, key: str = _KEY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.smoke", url, *options],
        cwd=ROOT,
        env={**os.environ, "HANSARD_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_deployment_that_works_passes_and_is_left_as_it_was(guarded: Hansard) -> None:
    ran = _smoke(guarded, "--timeout", "120")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("The deployment works.\n")
    with guarded.gateway as gateway:
        gateway.http.headers["Authorization"] = f"Bearer {_KEY}"
        assert list(gateway.meetings()) == []
        assert list(gateway.speakers()) == []


def _fill(gateway: Gateway) -> None:
    """Hand in clips until there is no room for another; one look at what waits counts for a second."""
    with suppress(GatewayRefused):
        while True:
            _enroll_somebody(gateway)


def _has_room(gateway: Gateway) -> bool:
    """Whether a clip is let in; it is taken back at once."""
    with suppress(GatewayRefused):
        gateway.delete_speaker(_enroll_somebody(gateway))
        return True
    return False


def _enroll_somebody(gateway: Gateway) -> str:
    return gateway.enroll("Somebody else", [_CLIP], "synthetic voice").speaker_id


def test_what_was_made_is_removed_when_the_time_is_up(guarded: Hansard) -> None:
    normalizer = guarded.service("normalizer")
    normalizer.suspend()
    try:
        ran = _smoke(guarded, "--timeout", "6")
    finally:
        normalizer.resume()
    assert ran.returncode == 1
    assert f"at {guarded.gateway.url}: out of time, not within 6 s, the voice is not enrolled yet. " in ran.stderr
    assert "hansard health" in ran.stderr
    with guarded.gateway as gateway:
        gateway.http.headers["Authorization"] = f"Bearer {_KEY}"
        assert list(gateway.speakers()) == []


def test_a_line_that_is_full_is_the_failure_unless_the_time_allows_to_wait(guarded: Hansard) -> None:
    normalizer = guarded.service("normalizer")
    normalizer.suspend()
    with Gateway(guarded.gateway.url, Console(quiet=True), until=time.monotonic()) as gateway:
        gateway.http.headers["Authorization"] = f"Bearer {_KEY}"
        try:
            _fill(gateway)
            began = time.monotonic()
            ran = _smoke(guarded, "--timeout", "10")
            took = time.monotonic() - began
        finally:
            normalizer.resume()
            for speaker in list(gateway.speakers()):
                gateway.delete_speaker(speaker.speaker_id)
            wait_until(lambda: _has_room(gateway), timeout=120, otherwise=guarded.log)
    assert ran.returncode == 1
    assert "units wait before the stage normalize_sample" in ran.stderr
    assert "(backlog_full)" in ran.stderr
    assert took < 60, "of which it may take 10, and its interpreter needs some to start"


def test_a_recording_that_cannot_be_processed_fails_with_its_code(guarded: Hansard, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.wav"
    nonsense.write_bytes(bytes(range(256)) * 100)
    ran = _smoke(guarded, "--recording", str(nonsense), "--timeout", "120")
    assert ran.returncode == 1
    assert "the meeting is failed" in ran.stderr
    assert "removed the meeting" in ran.stdout


def test_a_workspace_that_knows_the_voice_already_is_told_to_take_another(guarded: Hansard) -> None:
    with guarded.gateway as gateway:
        gateway.http.headers["Authorization"] = f"Bearer {_KEY}"
        mark = gateway.enroll("Mark", [_CLIP], "synthetic voice").speaker_id
        try:
            ran = _smoke(guarded, "--timeout", "120")
        finally:
            gateway.delete_speaker(mark)
    assert ran.returncode == 1
    assert "take a key of a workspace of its own" in ran.stderr


def test_a_wrong_key_fails(guarded: Hansard) -> None:
    ran = _smoke(guarded, key="hsk_" + "0" * 43)
    assert ran.returncode == 1
    assert "FAILED" in ran.stderr
    assert "key" in ran.stderr


def test_without_a_key_nothing_is_tried(guarded: Hansard) -> None:
    ran = _smoke(guarded, key="")
    assert ran.returncode == 2
    assert ran.stdout == ""


def test_an_open_door_is_a_failure(shared_hansard: Hansard) -> None:
    ran = _smoke(shared_hansard)
    assert ran.returncode == 1
    assert "anybody can read it" in ran.stderr


def test_an_address_where_nobody_answers_is_named() -> None:
    url = "http://127.0.0.1:1"
    ran = _smoke_at(url)
    assert ran.returncode == 1
    assert f"FAILED: the door, without a key, at {url}: nobody answers ([Errno 111] Connection refused). " in ran.stderr
    assert "Check the address" in ran.stderr


def test_what_is_no_address_at_all_is_named() -> None:
    for url in ("hansard.example", "http://[::1"):
        ran = _smoke_at(url)
        assert ran.returncode == 1
        assert ran.stderr.startswith("FAILED: ")
        assert url in ran.stderr


def test_a_gateway_that_never_answers_is_not_waited_for_any_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        began = time.monotonic()
        ran = _smoke_at(url, "--timeout", "1")
        took = time.monotonic() - began
    assert ran.returncode == 1
    assert f"at {url}: out of time, not within 1 s" in ran.stderr
    assert took < 50, "of which it may take 1, and its interpreter needs some to start; one answer alone has 60"


def test_who_is_sent_elsewhere_is_told_where() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server, serving(server):
        ran = _smoke_at(f"http://127.0.0.1:{server.server_port}")
    assert ran.returncode == 1
    assert "leads to https://hansard.example/api/meetings" in ran.stderr


def test_a_recording_that_is_not_there_is_said_before_anything_is_tried(tmp_path: Path) -> None:
    ran = _smoke_at("http://127.0.0.1:1", "--recording", str(tmp_path / "none.wav"))
    assert ran.returncode == 2
    assert "no file" in ran.stderr
