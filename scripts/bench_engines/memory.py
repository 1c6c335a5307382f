"""Peaks of resident memory: the transcriber over hours, the diarizer by the length of the recording."""

import asyncio
import importlib.util
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil

from libs.common.speech import SpeakerBounds
from scripts.bench_engines.children import Unattended, loaded
from scripts.bench_engines.engine_settings import pyannote_settings, whisper_settings
from scripts.bench_engines.options import Options
from scripts.bench_engines.recording import SMALL_PIPELINE, SMALL_WHISPER, chunks, recording, recording_turns
from scripts.bench_engines.report import Figure, Measured
from scripts.bench_engines.transcription import chunk_of
from services.diarizer.engines import Diarizer
from services.diarizer.engines import load_engine as load_diarizer
from services.diarizer.settings import DiarizerSettings
from services.transcriber.engines import Transcriber
from services.transcriber.engines import load_engine as load_transcriber
from services.transcriber.settings import TranscriberSettings

_PART = "memory"
_PERIOD = 0.05
_MEGABYTE = 1_000_000
_MINUTE, _HOUR = 60.0, 3600.0
_MARKS = (_MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR)
"""Seconds of audio after which the transcriber's memory is written down."""


class MemoryWatch:
    """Looks at the largest child of this process; all in megabytes."""

    def __init__(self) -> None:
        self.peak = 0.0

    def now(self) -> float:
        """What it has in memory."""
        found = max(map(_resident_mb, psutil.Process().children()), default=0.0)
        self.peak = max(self.peak, found)
        return found


@asynccontextmanager
async def watched() -> AsyncIterator[MemoryWatch]:
    """A watch that looks for as long as the block lasts."""
    watch = MemoryWatch()

    async def look_again() -> None:
        while True:
            watch.now()
            await asyncio.sleep(_PERIOD)

    looking = asyncio.create_task(look_again())
    try:
        yield watch
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def measure_memory(options: Options) -> list[Measured]:
    """Both curves; the diarizer's only where torch is installed."""
    tables = [await _transcriber(options)]
    if importlib.util.find_spec("torch") is not None:
        tables += [await _diarizer(options, shares_frames=shares_frames) for shares_frames in (False, True)]
    return tables


async def _transcriber(options: Options) -> Measured:
    """Chunks of one recording, one after another, in one child."""
    seconds = options.hours * _HOUR
    settings = _small_whisper(options)
    audio = recording(options.work, seconds)
    turns = recording_turns(seconds)
    rows: list[dict[str, Figure]] = []
    async with loaded(partial(load_transcriber, settings), threads=options.threads) as engine, watched() as watch:
        for segment in chunks(seconds, length=settings.chunk_target):
            await engine.run(Unattended(), Transcriber.transcribe, audio, chunk_of(turns, segment))
            if any(segment.start < mark <= segment.end for mark in (*_MARKS, seconds)):
                rows.append({"minutes of audio": segment.end / _MINUTE, "now, MB": watch.now(), "peak, MB": watch.peak})
    return Measured(
        part=_PART,
        title="The transcriber's process, chunk after chunk",
        conditions=(f"{Path(str(settings.whisper_model)).name}, cpu, {options.threads} threads; resident memory.",),
        rows=tuple(rows),
    )


async def _diarizer(options: Options, *, shares_frames: bool) -> Measured:
    """Each recording in a child of its own."""
    folder = options.pipeline or (SMALL_PIPELINE if SMALL_PIPELINE.exists() else _random_pipeline(options))
    settings = pyannote_settings(folder, options, shares_frames=shares_frames)
    rows = tuple([await _one_recording(settings, minutes, options) for minutes in options.minutes])
    return Measured(
        part=_PART,
        title=f"The diarizer's process, {'frames shared' if shares_frames else 'as by default'}",
        conditions=(f"{folder.name}, {options.device}, {options.threads} threads; resident memory.",),
        rows=rows,
    )


async def _one_recording(settings: DiarizerSettings, minutes: float, options: Options) -> dict[str, Figure]:
    audio = recording(options.work, minutes * _MINUTE)
    async with loaded(partial(load_diarizer, settings), threads=options.threads) as engine, watched() as watch:
        idle, started = watch.now(), time.perf_counter()
        speech = await engine.run(Unattended(), Diarizer.diarize, audio, SpeakerBounds())
        elapsed = time.perf_counter() - started
    return {
        "minutes of audio": minutes,
        "loaded, MB": idle,
        "peak, MB": watch.peak,
        "above, MB": watch.peak - idle,
        "seconds": elapsed,
        "voices": len({turn.label for turn in speech.turns}),
    }


def _small_whisper(options: Options) -> TranscriberSettings:
    """A small model shows growth as well as a large one, and sooner."""
    chosen = options.whisper or (str(SMALL_WHISPER) if SMALL_WHISPER.exists() else "tiny")
    return whisper_settings(replace(options, whisper=chosen, device="cpu"), threads=options.threads)


def _random_pipeline(options: Options) -> Path:
    from scripts.bench_engines.pyannote_pipeline import pipeline_folder  # noqa: PLC0415 - loads torch

    return pipeline_folder(options.work)


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / _MEGABYTE
    except psutil.NoSuchProcess:
        return 0.0
