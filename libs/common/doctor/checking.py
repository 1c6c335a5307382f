"""Runs checks at the same time, each with a limit of its own; one that breaks is itself a finding."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from libs.common.doctor.finding import Finding, problem, unknown
from libs.common.errors import PipelineError
from libs.common.redaction import redacted

LIMIT = 8.0
"""Seconds that a check may take; all of them run at the same time."""

_LENGTH = 300


@dataclass(frozen=True)
class Check:
    """Something to look at; gives its findings one by one, so that those before an accident are kept."""

    subject: str
    look: Callable[[], AsyncIterator[Finding]]
    limit: float = LIMIT


async def examined(checks: Sequence[Check]) -> Sequence[Finding]:
    """What all checks found, in their order."""
    found = await asyncio.gather(*(_looked(check) for check in checks))
    return [finding for findings in found for finding in findings]


async def _looked(check: Check) -> Sequence[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(check.limit):
            async for finding in check.look():
                found.append(finding)  # noqa: PERF401 - what was found before an accident is kept
    except TimeoutError:
        found.append(unknown(check.subject, f"was not seen to its end within {check.limit:g} s", "look again later"))
    except PipelineError as error:
        found.append(problem(check.subject, one_line(error.message), "mend that, and look again"))
    except Exception as error:  # noqa: BLE001 - a check that breaks must not hide what the others find
        found.append(unknown(check.subject, f"the check broke: {type(error).__name__}: {one_line(str(error))}"))
    return found


def one_line(text: str) -> str:
    """A text of somebody else, without secrets, on one line, shortened."""
    return " ".join(redacted(text).split())[:_LENGTH]
