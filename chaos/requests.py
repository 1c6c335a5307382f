"""HTTP as a careful client does it: a 202 is a promise, everything else is asked again under the same key."""

import asyncio
import random
from collections.abc import Sequence
from http import HTTPStatus

import httpx

from chaos.inputs import SUFFIX
from chaos.ledger import Ledger, Replay, Request

_TIMEOUT = httpx.Timeout(8.0, connect=2.0)
_PAUSE = (0.1, 0.8)
_CUT_OFF = "Internal Server Error"
"""Not Hansard's answer but uvicorn's, to requests that outlast the grace of a gateway that was asked to end."""

_LOOKS = 10
_LATER = frozenset({"truncated_upload", "upload_stalled", "upload_expired"})
"""Codes of the connection's faults, not of the request's."""

_PATHS = {"meeting": "/api/meetings/process", "speaker": "/api/speakers/enroll"}


class Requests:
    """Asks any of the gateways until one answers."""

    def __init__(self, gateways: Sequence[str], ledger: Ledger, rng: random.Random) -> None:
        self._gateways = gateways
        self._ledger = ledger
        self._rng = rng
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, limits=httpx.Limits(max_keepalive_connections=0))

    async def close(self) -> None:
        await self._http.aclose()

    async def hand_in(self, request: Request) -> str:
        """Repeat the request until it is promised; returns the id."""
        while True:
            request.asked += 1
            answer = await self._ask(
                "POST",
                _PATHS[request.kind],
                headers={"Idempotency-Key": request.key},
                data=dict(request.fields),
                files=[("audio", (f"{request.key}.{SUFFIX}", request.upload.content))],
            )
            if answer.status_code == HTTPStatus.ACCEPTED:
                request.absorbed += answer.headers.get("Idempotency-Replayed") == "true"
                found = str(answer.json()[f"{request.kind}_id"])
                request.answers.add(found)
                return found
            if self._code(answer) not in _LATER:
                self._refuse(f"{request.kind} {request.key}", answer)
                raise RuntimeError(f"{request.key} was refused")
            await self._pause()

    async def cancel(self, request: Request) -> None:
        """Cancel a meeting that was promised."""
        answer = await self._ask("POST", f"/api/meetings/{request.id}/cancel")
        if answer.status_code == HTTPStatus.OK:
            request.was_cancelled = True
        elif answer.status_code == HTTPStatus.CONFLICT:
            request.was_cancelled |= answer.json().get("meeting_status") == "cancelled"
        elif answer.status_code != HTTPStatus.NOT_FOUND or not request.was_deleted:
            self._refuse(f"cancellation of {request.id}", answer)

    async def replay(self, request: Request, replay: Replay) -> None:
        """Have a meeting worked again that has been completed."""
        answer = await self._ask(
            "POST",
            f"/api/meetings/{request.id}/replay",
            headers={"Idempotency-Key": replay.key},
            json={"from_stage": replay.from_stage},
        )
        if answer.status_code != HTTPStatus.ACCEPTED:
            self._refuse(f"replay {replay.key}", answer)
            return
        replay.answers.add(str(answer.json()["run_id"]))
        request.replays.append(replay)

    async def delete(self, request: Request) -> None:
        """Delete a meeting or a speaker that was promised; an answer that was lost makes the next one a 404."""
        request.was_deleted = True
        answer = await self._ask("DELETE", f"/api/{request.kind}s/{request.id}")
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            self._refuse(f"deletion of {request.id}", answer)

    async def get(self, path: str) -> httpx.Response:
        """The first answer that is no outage."""
        return await self._ask("GET", path)

    async def look(self, path: str) -> httpx.Response:
        """What is answered when nothing is disturbed: an outage is an answer, too, if it lasts."""
        answer = await self._once("GET", path)
        for _ in range(_LOOKS):
            if answer is not None and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
            await self._pause()
            answer = await self._once("GET", path)
        return answer or httpx.Response(HTTPStatus.SERVICE_UNAVAILABLE, text="no gateway answers")

    async def _ask(self, method: str, path: str, **more: object) -> httpx.Response:
        while True:
            answer = await self._once(method, path, **more)
            if answer is not None and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                return answer
            await self._pause()

    async def _once(self, method: str, path: str, **more: object) -> httpx.Response | None:
        gateway = self._rng.choice(self._gateways)
        try:
            answer = await self._http.request(method, f"{gateway}{path}", **more)  # type: ignore[arg-type]
        except httpx.TransportError:
            return None
        is_error = answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        is_cut_off = answer.text == _CUT_OFF
        if is_error and answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE and not is_cut_off:
            self._refuse(f"{method} {path}", answer)
        return answer

    async def _pause(self) -> None:
        await asyncio.sleep(self._rng.uniform(*_PAUSE))

    def _refuse(self, what: str, answer: httpx.Response) -> None:
        self._ledger.refused.append(f"{what}: {answer.status_code} {answer.text[:300]}")

    def _code(self, answer: httpx.Response) -> str:
        try:
            return str(answer.json().get("code"))
        except ValueError:
            return ""
