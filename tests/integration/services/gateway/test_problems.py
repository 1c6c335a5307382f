"""Every error is a problem, and every answer can be found in the log."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from libs.common.errors import StorageUnavailable
from services.gateway.app import create_app
from services.gateway.errors import KINDS
from services.gateway.gateway import Gateway
from services.gateway.schemas.runs import CurrentRunWish, ReplayWish
from services.gateway.schemas.speakers import ReembeddingWish


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:hansard:problem:{code}")
    assert body["instance"] == answer.request.url.path
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["title"]
    assert isinstance(body["errors"], list)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/api/meetings", 405, "method_not_allowed"),
        ("GET", "/api/meetings/x/status", 404, "meeting_not_found"),
        ("GET", "/api/meetings?limit=x", 422, "invalid_request"),
        ("POST", "/api/meetings/process", 415, "unsupported_media_type"),
        ("POST", "/api/speakers/enroll", 415, "unsupported_media_type"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    assert_problem(await client.request(method, path), status, code)


async def test_the_detail_says_what_is_wrong(client: httpx.AsyncClient) -> None:
    data = {"title": ["one", "two"], "num_speakers": "0"}
    answer = await client.post("/api/meetings/process", files={"audio": ("a", b"b")}, data=data)
    assert_problem(answer, 422, "invalid_request")
    faults = [(one["field"], one["message"]) for one in answer.json()["errors"]]
    assert faults[0] == ("title", "was given more than once")
    assert [field for field, _ in faults] == ["title", "num_speakers"]
    assert answer.json()["detail"] == "; ".join(f"{field}: {message}" for field, message in faults)


async def test_what_nobody_foresaw_is_answered_with_an_error_id(gateway: Gateway) -> None:
    app: FastAPI = create_app(gateway)

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("secret")

    @app.get("/outage")
    async def outage() -> None:
        raise StorageUnavailable("no answer")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/bug")
        assert_problem(answer, 500, "internal_error")
        assert answer.json()["error_id"] in answer.json()["detail"]
        assert "secret" not in answer.text
        assert_problem(await client.get("/outage"), 503, "storage_unavailable")


async def test_the_request_id_of_the_client_comes_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["X-Request-ID"] == "mine-1"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 200, "ümlaut".encode(), "a\\nb"])
async def test_a_request_id_that_could_harm_the_log_is_replaced(client: httpx.AsyncClient, sent: str | bytes) -> None:
    answer = await client.get("/ready", headers=[(b"X-Request-ID", sent if isinstance(sent, bytes) else sent.encode())])
    assert len(answer.headers["X-Request-ID"]) == 32


async def test_a_key_that_cannot_be_shown_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "x" * 256}
    answer = await client.post("/api/meetings/process", files={"audio": ("a", b"b")}, headers=headers)
    assert_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_the_description_documents_bodies_and_problems(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert "HTTPValidationError" not in described["components"]["schemas"]
    problem = described["components"]["schemas"]["Problem"]
    assert {"code", "errors", "request_id"} <= set(problem["properties"])
    process = described["paths"]["/api/meetings/process"]["post"]
    form = process["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["audio"]
    assert {"personas", "vocabulary", "recorded_at"} <= set(form["properties"])
    assert {"400", "413", "415", "422", "503"} <= set(process["responses"])


async def test_every_operation_is_described_with_examples(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    operations = [one for path in described["paths"].values() for one in path.values()]
    for operation in operations:
        assert operation["summary"]
        assert operation["description"], operation["operationId"]
        for status, answer in operation["responses"].items():
            where = (operation["operationId"], status)
            assert answer["description"] not in {"", "Successful Response"}, where
            assert all({"example", "examples"} & set(one) for one in answer.get("content", {}).values()), where
    answers = {status for one in operations for status in one["responses"]}
    assert answers >= {"200", "202", "503"}


@pytest.mark.parametrize(
    ("method", "path", "wish"),
    [
        ("post", "meetings/{meeting_id}/replay", ReplayWish),
        ("put", "meetings/{meeting_id}/runs/current", CurrentRunWish),
        ("post", "speakers/re-embed", ReembeddingWish),
    ],
)
async def test_the_examples_of_a_request_can_be_sent(
    client: httpx.AsyncClient, method: str, path: str, wish: type[BaseModel]
) -> None:
    described = (await client.get("/openapi.json")).json()
    body = described["paths"][f"/api/{path}"][method]["requestBody"]["content"]
    examples = body["application/json"]["examples"].values()
    assert examples
    for one in examples:
        wish.model_validate(one["value"])


async def test_what_a_field_means_is_described(client: httpx.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["StageHealth"]["properties"]["waiting"]["description"] == "Entries that nobody has taken."
    assert "X-Request-ID" in schemas["Problem"]["properties"]["request_id"]["description"]


async def test_every_documented_code_has_its_kind(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    codes = {
        code
        for path in described["paths"].values()
        for operation in path.values()
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }
    assert codes <= set(KINDS)
    assert "meeting_not_found" in codes


async def test_the_root_leads_to_the_documentation(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/docs")
    assert (await client.get("/docs")).status_code == 200
