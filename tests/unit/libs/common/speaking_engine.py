"""A program whose engine's child says a secret in every way, for the test that reads what it writes."""

import asyncio
import logging
import sys

import structlog

from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine
from libs.common.redaction import hide
from libs.common.telemetry import configure_logs, guard_output

SECRET = "canary-of-the-child"


class SpeakingEngine:
    info = EngineInfo(name="speaking")

    def __init__(self) -> None:
        structlog.get_logger(__name__).warning("from structlog", said=SECRET)
        logging.getLogger("library").warning("from a library %s", SECRET)
        sys.stderr.write(f"written by hand {SECRET}\n")
        raise RuntimeError(f"from an error {SECRET}")


async def main() -> None:
    hide([SECRET])
    guard_output()
    configure_logs("test", level="info", style="json")
    engine = ChildEngine(SpeakingEngine)
    try:
        await engine.start()
    except RuntimeError:
        structlog.get_logger(__name__).exception("it failed")
    await engine.close()


if __name__ == "__main__":
    asyncio.run(main())
