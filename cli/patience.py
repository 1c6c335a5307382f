"""Waiting for a gateway that has too much to do already and says when to come back."""

import math
import time

import httpx
from pydantic import ValidationError
from rich.console import Console

from cli.answers.answer import Problem

_MOST = 1800.0
"""Seconds that one command waits in all."""


class Patience:
    """What one request may still wait."""

    def __init__(self, console: Console, *, until: float = math.inf) -> None:
        """`console` is told what is waited for; `until`: when no wait may end later, by the monotonic clock."""
        self._console = console
        self._until = until
        self._left = _MOST

    def waits(self, answer: httpx.Response) -> bool:
        """Wait as long as a refusal asks for; False if it is none, or asks for more than is left."""
        pause = answer.headers.get("Retry-After", "")
        left = min(self._left, self._until - time.monotonic())
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or not pause.isdecimal() or int(pause) > left:
            return False
        self._left -= int(pause)
        self._console.print(f"{_reason(answer)}: waiting {pause} s, then trying again", markup=False, highlight=False)
        time.sleep(int(pause))
        return True


def _reason(answer: httpx.Response) -> str:
    try:
        return Problem.model_validate_json(answer.content).title
    except ValidationError:
        return "The gateway is busy"
