"""Engines in this process, for replaying one unit."""

import os
import threading

import pytest

from libs.common import progress
from libs.common.engine import EngineInfo
from libs.common.engine_here import EngineHere
from libs.common.errors import EngineUnavailable
from libs.common.storage import ObjectStore
from tests.work import RecordedWork


class Calculator:
    info = EngineInfo(name="calculator")

    def double(self, number: int) -> int:
        progress.report(0.5)
        return 2 * number

    def place(self) -> tuple[int, threading.Thread]:
        return os.getpid(), threading.current_thread()


def load_missing() -> Calculator:
    raise EngineUnavailable("no model on disk")


async def test_an_engine_here_works_where_a_debugger_sees_it() -> None:
    engine = EngineHere(Calculator)
    assert await engine.start() == Calculator.info
    assert await engine.ask(Calculator.place) == (os.getpid(), threading.main_thread())


async def test_progress_reaches_only_the_unit_in_hand(store: ObjectStore) -> None:
    engine, first, second = EngineHere(Calculator), RecordedWork(store, "a"), RecordedWork(store, "b")
    assert await engine.run(first, Calculator.double, 2) == 4
    await engine.run(second, Calculator.double, number=3)
    progress.report(0.9)
    assert (first.fractions, second.fractions) == ([0.5], [0.5])


async def test_an_engine_that_is_missing_refuses_to_start() -> None:
    with pytest.raises(EngineUnavailable, match="no model on disk"):
        await EngineHere(load_missing).start()
