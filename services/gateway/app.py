"""The HTTP application."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from libs.common.release import RELEASE
from services.gateway.draining import Draining
from services.gateway.gateway import Gateway
from services.gateway.keys.door import Door
from services.gateway.metrics.requests import RequestCounts
from services.gateway.problems import handle_errors
from services.gateway.request_ids import RequestIds
from services.gateway.routes import (
    cases,
    comparison,
    dead,
    docs,
    events,
    health,
    meetings,
    metrics,
    pipeline,
    results,
    runs,
    speakers,
)
from services.gateway.schemas.problems import Problem

_DESCRIPTION = """
Hand in the recording of a meeting; get back who said what, under the names of enrolled speakers, and minutes.

Every error is `application/problem+json` with a stable `code`. Every answer carries `X-Request-ID`, which the log
knows; send your own to find your requests again. All times are seconds unless they are dates.
"""


def create_app(gateway: Gateway) -> FastAPI:
    """The application on a gateway that is open for as long as it is served."""
    app = FastAPI(title="Hansard", version=RELEASE, description=_DESCRIPTION, docs_url=None, redoc_url=None)
    app.state.gateway = gateway
    handle_errors(app)
    app.add_middleware(Door, callers=gateway.callers)
    app.add_middleware(Draining, in_hand=gateway.in_hand)
    app.add_middleware(RequestIds)
    app.add_middleware(RequestCounts, metrics=gateway.metrics.requests)
    for router in (
        meetings.router,
        results.router,
        runs.router,
        speakers.router,
        cases.router,
        comparison.router,
        events.router,
        pipeline.router,
        dead.router,
        health.router,
        metrics.router,
    ):
        app.include_router(router)
    docs.mount_docs(app)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Add the schema of problems, which no route returns as its model, to the OpenAPI description."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        schema = describe()
        _, problems = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"].update(problems["$defs"])
        return schema

    app.openapi = described  # type: ignore[method-assign]
