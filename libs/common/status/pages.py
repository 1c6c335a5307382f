"""The pages of a worker, and what they show."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.release import RELEASE
from libs.common.status.answers import Liveness, Readiness, StoppedStage
from libs.common.status.dependencies import Check, look_at
from libs.common.status.metrics import metrics_answer

Phase = Literal["loading", "working", "stopping"]


@dataclass
class Status:
    """How a worker is; whoever changes it says so here."""

    service: str
    registry: CollectorRegistry
    checks: dict[str, Check] = field(default_factory=dict)
    """Server → how to see whether it answers."""

    phase: Phase = "loading"
    stopped: Callable[[], Mapping[str, datetime.datetime]] = dict
    """Stage that stands still → since when."""

    def liveness(self) -> Liveness:
        """Whether its stages move; no server that is down changes it."""
        stages = tuple(StoppedStage(stage=stage, since=since) for stage, since in self.stopped().items())
        return Liveness(status="stopped" if stages else "ok", service=self.service, release=RELEASE, stopped=stages)

    async def readiness(self) -> Readiness:
        """Whether it takes work."""
        dependencies = await look_at(self.checks)
        is_up = all(one.status == "up" for one in dependencies.values())
        if self.phase == "working":
            status: Literal["loading", "ok", "degraded", "stopping"] = "ok" if is_up else "degraded"
        else:
            status = self.phase
        return Readiness(status=status, service=self.service, release=RELEASE, dependencies=dependencies)


def pages(status: Status) -> Starlette:
    """`GET /health`, `/ready` and `/metrics`."""

    async def health(_request: Request) -> Response:
        return _answer(answer := status.liveness(), is_ok=answer.status == "ok")

    async def ready(_request: Request) -> Response:
        return _answer(answer := await status.readiness(), is_ok=answer.status == "ok")

    async def metrics(request: Request) -> Response:
        return metrics_answer(status.registry, request)

    return Starlette(routes=[Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)])


def _answer(answer: BaseModel, *, is_ok: bool) -> Response:
    status = HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Cache-Control": "no-store"}
    return Response(answer.model_dump_json(), status, headers=headers, media_type="application/json")
