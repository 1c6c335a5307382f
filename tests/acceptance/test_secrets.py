"""A meeting whose model server repeats the key: it is in no log, event, row, object or answer."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from cli.local.running_servers import postgres_url_of
from tests.acceptance.conftest import SHORT, Hansard, running, wait_for_end
from tests.openai_server import Failure, OpenAIServer

KEY = "sk-proj-canary0123456789abcdefghijklmnop"
_TOKEN = "hf_canary0123456789abcdef"


_MASKED = f"{KEY[:12]}{'*' * 20}{KEY[-4:]}"
_REPEATED = (
    Failure(400, f"Not allowed with Bearer {KEY}, {_MASKED}."),
    Failure(400, f"{'x' * 240} {KEY} is cut in its middle where the text is shortened."),
)


@pytest.fixture(scope="module")
def hansard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hansard]:
    """It has worked a meeting."""
    with OpenAIServer(api_key=KEY) as server:
        server.script(*_REPEATED)
        settings = {
            "SUMMARIZER_ENGINE": "openai", "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url,
            "HUGGINGFACE_TOKEN": _TOKEN, "DIARIZER_ENGINE": "embedded", "TRANSCRIBER_ENGINE": "pocketsphinx",
            "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "LEASE": "30",
        }  # fmt: skip
        with running(tmp_path_factory.mktemp("secrets") / "home", **settings) as hansard, hansard.gateway as gateway:
            meeting = gateway.process(SHORT / "short.flac", {"personas": ["executive", "engineer"]}).meeting_id
            status = wait_for_end(hansard, gateway, meeting)
            assert status.status == "completed"
            assert len(server.requests) == len(_REPEATED)
            yield hansard


def _is_in(text: str) -> bool:
    return "canary" in text or KEY[-4:] in text


def test_not_in_the_answers(hansard: Hansard) -> None:
    with hansard.gateway as gateway:
        (meeting,) = list(gateway.meetings())
        paths = ["/status", "/results", "/runs", "/events"]
        answers = [gateway.call("GET", f"/api/meetings/{meeting.meeting_id}{path}").text for path in paths]
        dead = gateway.call("GET", "/api/pipeline/dead").text
    assert "***" in dead
    assert not any(map(_is_in, [*answers, dead]))


def test_not_in_the_log(hansard: Hansard) -> None:
    assert "gave up" in hansard.log()
    assert not _is_in(hansard.log())


def test_not_in_the_streams(hansard: Hansard) -> None:
    with hansard.redis() as redis:
        streams = list(redis.scan_iter(_type="stream"))
        held = json.dumps([str(redis.xrange(key)) for key in streams])
    assert "***" in held
    assert not _is_in(held)


def test_not_in_the_rows(hansard: Hansard) -> None:
    with psycopg.connect(postgres_url_of(hansard.home) or "") as database:
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [
            str(database.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name))).fetchall())
            for (name,) in tables
        ]
    assert "***" in "".join(rows)
    assert not any(map(_is_in, rows))


def test_not_in_the_objects(hansard: Hansard) -> None:
    objects = [path.read_bytes() for path in (hansard.home / "objects").rglob("*") if path.is_file()]
    assert any(b"***" in one for one in objects)
    assert not any(b"canary" in one or KEY[-4:].encode() in one for one in objects)
