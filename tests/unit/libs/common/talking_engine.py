"""A program whose engine logs from its own process: `python -m tests.unit.libs.common.talking_engine`."""

import asyncio
import tempfile

import structlog

from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine
from libs.common.storage import ObjectStore
from libs.common.telemetry import configure_logs
from tests.work import RecordedWork

_log = structlog.get_logger(__name__)


class TalkingEngine:
    """Says something, or fails with words that nobody is to read."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="talking")

    def talk(self) -> None:
        _log.info("the engine says something")

    def fail(self) -> None:
        int("the Zebulon merger is off")


async def main() -> None:
    configure_logs("test", level="info", style="json")
    engine = ChildEngine(TalkingEngine)
    with tempfile.TemporaryDirectory() as folder:
        work = RecordedWork(ObjectStore.open(f"file://{folder}"), "folder")
        for meeting in ("m-1", "m-2"):
            with structlog.contextvars.bound_contextvars(meeting_id=meeting):
                await engine.run(work, TalkingEngine.talk)
        try:
            await engine.run(work, TalkingEngine.fail)
        except ValueError:
            _log.exception("the engine failed")
    await engine.close()


if __name__ == "__main__":
    asyncio.run(main())
