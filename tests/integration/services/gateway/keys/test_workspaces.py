"""A key of one workspace gets 404 for the things of another: every route of the app has its rule here."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from services.gateway.app import create_app
from services.gateway.gateway import Gateway
from services.gateway.keys.door import is_open
from tests.integration.line import accepted, publish
from tests.integration.services.gateway.voices import OLD, diarizer_lives, enrolled
from tests.integration.services.gateway.worked_meeting import WorkedMeeting, hand_in

Kind = Literal["open", "hidden", "empty", "own", "streamed"]


@dataclass(frozen=True)
class Rule:
    """What a key of another workspace gets. `{…}` in a value stands for a thing of ours.

    `hidden`: 404; `empty`: an answer without anything of ours; `own`: something new of its own, whatever it is called;
    `open`: needs no key; `streamed`: has a test of its own.
    """

    kind: Kind
    params: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, object] | None = None
    data: Mapping[str, str] | None = None


HIDDEN, EMPTY, OPEN = Rule("hidden"), Rule("empty"), Rule("open")

RULES: dict[tuple[str, str], Rule] = {
    ("GET", "/"): OPEN,
    ("GET", "/health"): OPEN,
    ("GET", "/ready"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("POST", "/api/meetings/process"): Rule("own"),
    ("GET", "/api/meetings"): EMPTY,
    ("GET", "/api/meetings/{meeting_id}/status"): HIDDEN,
    ("POST", "/api/meetings/{meeting_id}/cancel"): HIDDEN,
    ("DELETE", "/api/meetings/{meeting_id}"): HIDDEN,
    ("GET", "/api/meetings/{meeting_id}/results"): HIDDEN,
    ("POST", "/api/meetings/{meeting_id}/replay"): Rule("hidden", json={"from_stage": "summarize"}),
    ("GET", "/api/meetings/{meeting_id}/runs"): HIDDEN,
    ("PUT", "/api/meetings/{meeting_id}/runs/current"): Rule("hidden", json={"run_id": "{run}"}),
    ("GET", "/api/meetings/{meeting_id}/runs/compare"): Rule("hidden", {"before": "{run}", "after": "{run}"}),
    ("GET", "/api/meetings/{meeting_id}/events"): HIDDEN,
    ("GET", "/api/meetings/{meeting_id}/export"): HIDDEN,
    ("GET", "/api/runs/{run}/export"): HIDDEN,
    ("POST", "/api/speakers/enroll"): Rule("own", data={"name": "{speaker_name}"}),
    ("POST", "/api/speakers/re-embed"): Rule("hidden", json={"speakers": ["{speaker_id}"]}),
    ("GET", "/api/speakers"): EMPTY,
    ("GET", "/api/speakers/{speaker_id}"): HIDDEN,
    ("DELETE", "/api/speakers/{speaker_id}"): HIDDEN,
    ("GET", "/api/speakers/{speaker_id}/events"): HIDDEN,
    ("GET", "/api/pipeline"): EMPTY,
    ("GET", "/api/pipeline/events"): Rule("streamed"),
    ("GET", "/api/pipeline/dead"): EMPTY,
    ("GET", "/api/pipeline/dead/{run_id}/{unit}"): HIDDEN,
    ("POST", "/api/pipeline/dead/drop"): Rule("empty", {"all": "true"}),
    ("POST", "/api/pipeline/dead/retry"): Rule("empty", {"all": "true"}),
    ("POST", "/api/pipeline/dead/{run_id}/{unit}/retry"): HIDDEN,
    ("POST", "/api/pipeline/dead/{run_id}/{unit}/drop"): HIDDEN,
    ("GET", "/metrics"): EMPTY,
}
ASKED = [one for one, rule in RULES.items() if rule.kind in {"hidden", "empty"}]
MAY_BE_MISSING = {("GET", "/metrics")}
"""Of an application that was given no registry."""


@dataclass(frozen=True)
class Things:
    """What our workspace has."""

    meeting: WorkedMeeting
    speaker: Mapping[str, Any]

    @property
    def names(self) -> dict[str, str]:
        return {
            "meeting_id": self.meeting.meeting_id,
            "run": self.meeting.run_id,
            "run_id": self.meeting.run_id,
            "unit": "transcribe.00001",
            "speaker_id": str(self.speaker["speaker_id"]),
            "speaker_name": str(self.speaker["name"]),
        }

    @property
    def traces(self) -> Iterable[str]:
        """What an answer to a stranger must not have in it."""
        samples = [str(one["sample_id"]) for one in self.speaker["samples"]]
        return [*self.names.values(), *samples, "Weekly", "weekly.wav"]


@pytest.fixture
async def things(client: httpx.AsyncClient, gateway: Gateway) -> Things:
    """A meeting that has ended with a gap, and a speaker; the diarizer that enrolled her lives."""
    await enrolled(gateway)
    await diarizer_lives(gateway, OLD)
    meeting = await hand_in(client, gateway)
    await meeting.until_matched()
    first, lost, *others = await meeting.plan()
    await meeting.lose(lost)
    for chunk in (first, *others):
        await meeting.transcribe(chunk)
    for planned in await meeting.assemble():
        await meeting.summarize(planned)
    await meeting.end("completed")
    [speaker] = (await client.get("/api/speakers")).json()["speakers"]
    return Things(meeting, speaker)


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included.routes)
        elif isinstance(route, APIRoute | Route):
            yield from ((method, route.path) for method in (route.methods or set()) - {"HEAD"})
        else:
            assert isinstance(route, Mount), route
            assert is_open(f"{route.path}/"), route.path


def test_every_route_has_a_rule(gateway: Gateway) -> None:
    assert set(routes_of(create_app(gateway).routes)) | MAY_BE_MISSING == set(RULES)


def test_the_rules_know_what_is_open() -> None:
    assert [path for (_, path), rule in RULES.items() if is_open(path) != (rule.kind == "open")] == []


def filled(value: object, names: Mapping[str, str]) -> Any:
    text = json.dumps(value)
    for name, thing in names.items():
        text = text.replace(f"{{{name}}}", thing)
    return json.loads(text)


async def ask(client: httpx.AsyncClient, key: str, method: str, path: str, things: Things) -> httpx.Response:
    rule = RULES[method, path]
    return await client.request(
        method,
        path.format(**things.names),
        params=filled(dict(rule.params), things.names),
        json=filled(rule.json, things.names),
        headers={"Authorization": f"Bearer {key}"},
    )


async def test_a_key_of_another_workspace_finds_nothing_and_changes_nothing(
    stranger: httpx.AsyncClient, key: str, foreign_key: str, things: Things
) -> None:
    for one in ASKED:
        answer = await ask(stranger, foreign_key, *one, things)
        if RULES[one].kind == "hidden":
            assert answer.status_code == 404, (one, answer.text)
            assert answer.headers["Content-Type"] == "application/problem+json"
        else:
            assert answer.is_success or one in MAY_BE_MISSING, (one, answer.text)
            assert [trace for trace in things.traces if trace in answer.text] == [], one
    for one in ASKED:
        if one[0] == "GET" and one not in MAY_BE_MISSING:
            assert (await ask(stranger, key, *one, things)).status_code == 200, one


@pytest.mark.parametrize("route", [one for one, rule in RULES.items() if rule.kind == "own"], ids=" ".join)
async def test_what_another_workspace_hands_in_is_its_own_whatever_it_is_called(
    stranger: httpx.AsyncClient, key: str, foreign_key: str, things: Things, route: tuple[str, str]
) -> None:
    answers = [
        await stranger.post(
            route[1],
            files={"audio": ("weekly.wav", b"sound", "audio/wav")},
            data=filled(dict(RULES[route].data or {}), things.names),
            headers={"Authorization": f"Bearer {one}", "Idempotency-Key": "the same"},
        )
        for one in (key, foreign_key)
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert "Idempotency-Replayed" not in answers[1].headers
    ours, theirs = [{value for name, value in one.json().items() if name.endswith("_id")} for one in answers]
    assert ours
    assert not ours & theirs
    assert "created" not in answers[1].json() or answers[1].json()["created"]


async def test_who_follows_events_sees_those_of_their_workspace(
    gateway: Gateway, address: tuple[str, int], foreign_key: str
) -> None:
    ours, theirs = [accepted().model_copy(update={"workspace": one}) for one in ("default", "elsewhere")]
    url = "http://{}:{}/api/pipeline/events".format(*address)
    headers = {"Authorization": f"Bearer {foreign_key}"}
    async with httpx.AsyncClient(timeout=20) as client, client.stream("GET", url, headers=headers) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: begin"
        for event in (ours, theirs):
            await publish(gateway.redis, event)
        shown = await first_data(lines)
    assert theirs.run_id in shown
    assert ours.run_id not in shown


async def first_data(lines: Any) -> str:
    async with asyncio.timeout(20):
        async for line in lines:
            if line.startswith('data: {"event"'):
                return str(line)
    raise AssertionError("the stream ended")


async def test_every_route_that_is_closed_says_so_in_its_description(stranger: httpx.AsyncClient) -> None:
    described = (await stranger.get("/openapi.json")).json()
    assert described["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert ("401" in route["responses"]) != is_open(path), (method, path)
            assert (route.get("security") == [{"api_key": []}]) != is_open(path), (method, path)
