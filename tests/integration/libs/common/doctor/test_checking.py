"""Checks that hang, break or refuse, beside one that does not."""

import asyncio
from collections.abc import AsyncIterator

from libs.common.doctor.checking import Check, examined
from libs.common.doctor.finding import Finding, ok
from libs.common.errors import InvalidSettings


async def _hangs() -> AsyncIterator[Finding]:
    yield ok("slow", "began")
    await asyncio.Event().wait()


async def _breaks() -> AsyncIterator[Finding]:
    yield ok("broken", "began")
    raise RuntimeError("out of order")


async def _refuses() -> AsyncIterator[Finding]:
    for name in ("never",):
        if name:
            raise InvalidSettings("WHISPER_MODEL is wrong")
        yield ok(name, name)


async def test_a_check_that_hangs_or_breaks_is_itself_a_finding() -> None:
    findings = await examined([Check("slow", _hangs, limit=0.2), Check("broken", _breaks), Check("wrong", _refuses)])
    assert [(one.subject, one.level) for one in findings] == [
        ("slow", "ok"),
        ("slow", "unknown"),
        ("broken", "ok"),
        ("broken", "unknown"),
        ("wrong", "problem"),
    ]
    assert "0.2 s" in findings[1].what
    assert "RuntimeError: out of order" in findings[3].what
