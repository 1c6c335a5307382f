"""Following events: it goes on where it ended, whatever ends it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import ClassVar

import pytest
from rich.console import Console

from cli.answers.pipeline import TailedEvent
from cli.errors import GatewayRefused, GatewayUnreachable
from cli.pipeline_client import PipelineGateway, TailWish
from cli.show_pipeline import tail_line
from tests.unit.cli.recorded_gateway import run
from tests.unit.cli.test_pipeline import PAST

WISH = TailWish(meeting_id="m", stages=("plan", "match"), is_failed_only=True, since=600.0)
BEGIN = "event: begin\ndata: {}\nid: 1\n\n"


def event(name: str, place: str) -> str:
    fields = PAST | {"event": name}
    body = str(fields).replace("'", '"').replace("None", "null")
    return f"data: {body}\nid: {place}\n\n: ping\n\n"


class Streaming(BaseHTTPRequestHandler):
    """Answers one body after the other, and keeps what it was asked."""

    bodies: ClassVar[list[tuple[int, str]]] = []
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Last-Event-ID"]))
        status, body = self.bodies[len(self.asked) - 1]
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its parent calls it so
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Streaming.bodies, Streaming.asked = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Streaming) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def followed(address: str, count: int) -> tuple[list[str], list[str]]:
    """Names of the events and texts of the notes."""
    notes: list[str] = []
    with PipelineGateway(address, Console(quiet=True)) as gateway:
        events = [one.event for one in islice(gateway.tail(WISH, notes.append, pause=0.0), count)]
    return events, notes


def test_it_goes_on_behind_the_last_event_that_it_has_shown(address: str) -> None:
    end = 'event: end\ndata: {"reason": "closing", "message": "this gateway stops"}\n\n'
    Streaming.bodies = [
        (200, BEGIN + event("a", "2") + event("b", "3") + end),
        (503, ""),
        (503, ""),
        (200, BEGIN.replace("1", "3") + event("c", "4")),
    ]
    events, notes = followed(address, 3)
    assert events == ["a", "b", "c"]
    assert notes == ["this gateway stops", "the gateway does not answer; trying again", "the gateway answers again"]
    assert [last_id for _, last_id in Streaming.asked] == [None, "3", "3", "3"]


def test_what_is_handed_out_again_is_told_apart() -> None:
    again = TailedEvent.model_validate(PAST | {"is_again": True, "spent": 1})
    assert f"{PAST['event']}  2.40 s  again, 1 attempt spent  pocketsphinx" in tail_line(again)


def test_a_unit_shows_the_codes_of_its_warnings_with_its_first_event() -> None:
    planned = PAST | {"given_up": None, "warnings": [{"code": "cut_short", "message": "much text"}] * 2}
    first, second = (tail_line(TailedEvent.model_validate(planned | {"event": f"run/plan#{n}"})) for n in (0, 1))
    assert first.endswith("attempt 3  warning: cut_short")
    assert second.endswith("attempt 3")


def test_what_is_wished_for_is_asked_for(address: str) -> None:
    Streaming.bodies = [(200, BEGIN + event("a", "2"))]
    followed(address, 1)
    assert Streaming.asked[0][0].endswith("?meeting=m&stage=plan&stage=match&failed=true&since=600.0")


def test_a_wish_that_is_refused_is_a_failure(address: str) -> None:
    Streaming.bodies = [(422, '{"code": "invalid_request", "detail": "stage: is none"}')]
    with pytest.raises(GatewayRefused, match="stage: is none"):
        followed(address, 1)


def test_a_gateway_that_is_not_there_is_named() -> None:
    with pytest.raises(GatewayUnreachable, match=r"http://127\.0\.0\.1:9.*HANSARD_GATEWAY"):
        followed("http://127.0.0.1:9", 1)


def test_a_duration_has_an_end(gateway: str) -> None:
    ran = run(gateway, "tail", "--since", "40d")
    assert (ran.exit_code, "at most 30d" in ran.stderr) == (2, True)


@pytest.mark.parametrize("duration", ["ten", "10w", "-1m", ""])
def test_what_is_no_duration_is_wrong_usage(gateway: str, duration: str) -> None:
    assert run(gateway, "tail", "--since", duration).exit_code == 2
