"""The gateway for uvicorn's own command: `uvicorn --factory services.gateway.asgi:app --host 0.0.0.0 --port $PORT`.

Who starts it so wants to be reached from elsewhere: it always asks for keys.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.common.errors import PipelineError
from libs.common.service import refusal
from libs.common.settings import read_settings, warn_of_misspelt
from libs.common.telemetry import configure_logs, guard_output
from services.gateway.app import create_app
from services.gateway.draining import FORCED_AFTER
from services.gateway.serving import running_gateway
from services.gateway.settings import GatewaySettings

_log = structlog.get_logger(__name__)

_Handler = Callable[[int, FrameType | None], object]


def app() -> ASGIApp:
    """The application; settings that cannot work end the process with one clear line and the status `REFUSED`."""
    guard_output()
    try:
        settings = read_settings(GatewaySettings)
    except PipelineError as error:
        line, status = refusal("gateway", error)
        sys.stderr.write(line)
        sys.exit(status)
    configure_logs("gateway", level=settings.log_level, style=settings.log_format)
    _take_over_logs()
    warn_of_misspelt(GatewaySettings)
    return _Lifespan(settings.model_copy(update={"require_api_key": True}))


def _take_over_logs() -> None:
    """Let uvicorn's lines go where all others go; each request has its line already."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"


class _Lifespan:
    """ASGI application: opens the gateway when uvicorn starts, and closes it after the last request."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is None:
            raise RuntimeError("start uvicorn without `--lifespan off`: the gateway is not open")
        else:
            await self._app(scope, receive, send)

    @property
    def _phase(self) -> str:
        return "startup" if self._app is None else "shutdown"

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with running_gateway(self._settings) as gateway:
                with _on_signal(gateway.stop, force_after=self._settings.grace + FORCED_AFTER):
                    self._app = create_app(gateway)
                    await send({"type": "lifespan.startup.complete"})
                    await receive()
        except Exception as error:  # noqa: BLE001 - uvicorn would say nothing of it, and go on without a gateway
            await send({"type": f"lifespan.{self._phase}.failed", "message": self._reason(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})

    def _reason(self, error: Exception) -> str:
        """For uvicorn to log; a gateway that cannot start ends with a status that says whether another try may help."""
        if self._phase == "shutdown" or not isinstance(error, PipelineError):
            _log.error("the gateway has failed", phase=self._phase, exc_info=error)
            return ""
        line, status = refusal("gateway", error)
        # Before uvicorn hears of it, whose own status is 3 whatever the reason.
        asyncio.get_running_loop().call_soon(sys.exit, status)
        return line.strip()


@contextmanager
def _on_signal(stop: Callable[[], None], *, force_after: float) -> Iterator[None]:
    """Call `stop` before uvicorn hears of SIGTERM or SIGINT: it waits for followers, who would never end."""
    loop = asyncio.get_running_loop()
    known = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    uvicorns: dict[signal.Signals, _Handler] = {number: one for number, one in known.items() if callable(one)}

    def pass_on(number: signal.Signals) -> None:
        stop()
        loop.call_later(force_after, uvicorns[signal.SIGINT], signal.SIGINT, None)
        uvicorns[number](number, None)

    for number in uvicorns:
        loop.add_signal_handler(number, pass_on, number)
    try:
        yield
    finally:
        for number, handler in uvicorns.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
