"""What the diarizer needs beside what every service does."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import assert_never

from libs.common.doctor.checking import Check, one_line
from libs.common.doctor.finding import Finding, ok, problem, unknown, warning
from libs.common.doctor.machine import Needs, machine_check
from libs.common.doctor.models import hub_cache_findings
from libs.common.doctor.packages import packages
from libs.common.errors import EngineUnavailable, InvalidSettings
from services.diarizer.settings import DiarizerSettings

_MEMORY_BYTES = {"embedded": 512 * 2**20, "pyannote": 1536 * 2**20}
"""Of each process, with an hour of lively talk."""

_TORCH_LIMIT = 14.0
"""Seconds: torch takes its time to be imported for the first time."""

_SEE_GPU = """
import json, torch
is_there = torch.cuda.is_available()
print(json.dumps([torch.__version__, torch.cuda.get_device_name() if is_there else None]))
"""

_INSTALL = (
    "pip install -c constraints.txt -c services/diarizer/constraints-pyannote.txt "
    "-r services/diarizer/requirements-pyannote.txt"
)
_CURE = "set PYANNOTE_PIPELINE and HUGGINGFACE_TOKEN, or DIARIZER_ENGINE=embedded"


def checks(settings: DiarizerSettings) -> Sequence[Check]:
    """The engine, its models and the machine."""
    processes = settings.diarizer_slots + settings.enroll_slots
    machine = machine_check(
        Needs(memory_bytes=processes * _MEMORY_BYTES[settings.diarizer_engine], cores=settings.diarizer_slots)
    )
    match settings.diarizer_engine:
        case "embedded":
            return (Check("engine", _embedded), machine)
        case "pyannote":
            return (
                Check("engine", _pyannote),
                Check("models", partial(_models, settings)),
                Check("gpu", partial(_gpu, settings), limit=_TORCH_LIMIT),
                machine,
            )
        case _:
            assert_never(settings.diarizer_engine)


async def _embedded() -> AsyncIterator[Finding]:
    cure = "pip install -c constraints.txt -r services/diarizer/requirements.txt, then --no-deps resemblyzer"
    for finding in packages("embedded", ("faster-whisper", "onnxruntime", "resemblyzer"), cure):
        yield finding


async def _pyannote() -> AsyncIterator[Finding]:
    for finding in packages("pyannote", ("pyannote.audio", "torch", "torchaudio"), _INSTALL):
        yield finding


async def _models(settings: DiarizerSettings) -> AsyncIterator[Finding]:
    from services.diarizer.engines.pyannote.lookup import Fetchable, look  # noqa: PLC0415 - only where it is chosen

    token, name = settings.huggingface_token, settings.pyannote_pipeline
    try:
        found = await asyncio.to_thread(
            look, name, settings.pyannote_revision, token.get_secret_value() if token is not None else None
        )
    except (EngineUnavailable, InvalidSettings) as error:
        yield problem("models", one_line(error.message), _CURE)
        return
    if isinstance(found, Fetchable):
        yield warning("models", f"{found.repository} can be fetched and is not here yet", "nothing: the start fetches")
        yield ok("token", "HUGGINGFACE_TOKEN opens it" if token is not None else "none is needed")
        for finding in hub_cache_findings():
            yield finding
    else:
        yield ok("models", f"{found.pipeline.name} and its models are on this machine")


async def _gpu(settings: DiarizerSettings) -> AsyncIterator[Finding]:
    """Asked of another process: where CUDA hangs or aborts, this one goes on."""
    command = [sys.executable, "-c", _SEE_GPU]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=Path(sys.prefix)
    )
    try:
        answer, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        yield unknown("gpu", f"torch cannot say: {one_line(complaint.decode(errors='replace'))[-120:]}", _INSTALL)
        return
    version, device = json.loads(answer)
    if device is not None:
        yield ok("gpu", f"torch {version} sees {device}")
    elif settings.pyannote_device == "cuda":
        cure = "give the process a GPU and the host its driver, or set PYANNOTE_DEVICE=cpu"
        yield problem("gpu", f"PYANNOTE_DEVICE is cuda, and torch {version} sees none", cure)
    else:
        yield ok("gpu", f"torch {version} sees none and computes on the CPU")
