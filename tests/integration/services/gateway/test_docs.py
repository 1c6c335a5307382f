"""The description of the API can be read without the internet."""

import re

import httpx

ADDRESS = re.compile(r"(?:src|href)=[\"']([^\"']*)[\"']|url: '([^']*)'")
ELSEWHERE = re.compile(r"^(?:[a-z]+:)?//")


async def test_the_page_and_all_it_loads_come_from_the_gateway(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    addresses = ["".join(one) for one in ADDRESS.findall(page.text)]
    assert [one for one in addresses if ELSEWHERE.match(one)] == []
    loaded = [page.url.join(one) for one in addresses if not one.startswith("data:")]
    assert {one.path for one in loaded} >= {"/openapi.json", "/docs/assets/swagger-ui-bundle.js"}
    for one in loaded:
        assert (await client.get(one)).status_code == 200, one


async def test_the_page_asks_nobody_to_judge_the_description(client: httpx.AsyncClient) -> None:
    assert '"validatorUrl": null' in (await client.get("/docs")).text


async def test_there_is_no_other_page_that_needs_the_internet(client: httpx.AsyncClient) -> None:
    assert (await client.get("/redoc")).status_code == 404


async def test_what_the_page_does_not_have_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs/assets/nothing.js")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
