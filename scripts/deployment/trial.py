"""A built service as a process that sees only its own files: it has to come up, and to end when it is told to."""

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.local.child import free_port
from scripts.deployment.workshop import Image

_PATIENCE = 90.0
"""Seconds until a service is ready; engines that are embedded load in a few."""

_AFTER_GRACE = 10.0

_UVICORN_DONE = "Application shutdown complete"
"""uvicorn ends by the signal that it was sent, once it has closed everything."""


class TrialFailed(Exception):
    """A service did not come up, or did not end as it should."""


def run_once(image: Image, command: Sequence[str], settings: Mapping[str, str]) -> str:
    """Run a command of the image that ends by itself, such as a migration; what it said.

    Raises:
        TrialFailed: It ended with an error.
    """
    environment = _environment(image, settings)
    ran = subprocess.run(
        _found(command, environment),
        cwd=image.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if ran.returncode != 0:
        raise TrialFailed(f"{' '.join(command)} ended with {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def try_out(image: Image, command: Sequence[str], settings: Mapping[str, str], *, grace: float) -> float:
    """Start, wait for `/ready`, ask the health check of the image, end with SIGTERM.

    Returns:
        Seconds until it was ready.

    Raises:
        TrialFailed: Any of that did not come; the text has what the service said.
    """
    port = free_port()
    environment = _environment(image, {**settings, "PORT": str(port), "GRACE": str(grace)})
    began = time.monotonic()
    with _started(image, command, environment) as (process, log):
        _wait_until_ready(process, f"http://127.0.0.1:{port}/ready", log)
        took = time.monotonic() - began
        check = subprocess.run(_found(image.health_check, environment), env=environment, check=False, timeout=30)
        if check.returncode != 0:
            raise TrialFailed(f"its HEALTHCHECK ended with {check.returncode}\n{_said(log)}")
        process.terminate()
        _wait_for_end(process, grace + _AFTER_GRACE, log)
    return took


def _environment(image: Image, settings: Mapping[str, str]) -> dict[str, str]:
    return {**image.environment, **settings}


def _found(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """With the program's path, as the image's PATH has it."""
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise TrialFailed(f"the image has no {command[0]}")
    return [program, *command[1:]]


@contextmanager
def _started(
    image: Image, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = image.root.parent / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _found(command, environment),
            cwd=image.folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process, log
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], page: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise TrialFailed(f"ended with {process.returncode} before it was ready\n{_said(log)}")
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(page, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)  # between two questions
    raise TrialFailed(f"is not ready after {_PATIENCE:.0f} s\n{_said(log)}")


def _wait_for_end(process: subprocess.Popen[bytes], patience: float, log: Path) -> None:
    try:
        status = process.wait(patience)
    except subprocess.TimeoutExpired:
        raise TrialFailed(f"still runs {patience:.0f} s after SIGTERM\n{_said(log)}") from None
    if status != 0 and not (status == -signal.SIGTERM and _UVICORN_DONE in _said(log)):
        raise TrialFailed(f"ended with {status} after SIGTERM\n{_said(log)}")


def _said(log: Path) -> str:
    return log.read_text("utf-8", errors="replace")[-4000:]
