"""Seconds of audio per second of both engines, by batch size and type of numbers; meant for machines with a GPU."""

import importlib.util
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial

import ctranslate2

from libs.common.speech import Segment, SpeakerBounds
from scripts.bench_engines.children import Unattended, loaded
from scripts.bench_engines.engine_settings import pyannote_settings, whisper_settings
from scripts.bench_engines.options import Options
from scripts.bench_engines.recording import recording, recording_turns
from scripts.bench_engines.report import Figure, Measured
from scripts.bench_engines.transcription import chunk_of
from scripts.bench_engines.whisper_model import WINDOW_WORDS
from services.diarizer.engines import Diarizer
from services.diarizer.engines import load_engine as load_diarizer
from services.transcriber.engines import Transcriber
from services.transcriber.engines import load_engine as load_transcriber
from services.transcriber.settings import ComputeType

_PART = "throughput"
_SECONDS = {"cpu": 60.0, "cuda": 1800.0}
_TYPES: dict[str, tuple[ComputeType, ...]] = {"cpu": ("int8", "float32"), "cuda": ("float16", "int8_float16")}


async def measure_throughput(options: Options) -> list[Measured]:
    """Each combination in a child of its own, after one passage that is not counted."""
    tables = [await _transcriber(options)]
    if importlib.util.find_spec("torch") is not None:
        tables.append(await _diarizer(options))
    return tables


async def _transcriber(options: Options) -> Measured:
    """The whole recording is one chunk, so that batches are full."""
    seconds = options.audio_seconds(_SECONDS[options.device])
    audio = recording(options.work, seconds)
    chunk = chunk_of(recording_turns(seconds), Segment(start=0, end=seconds))
    supported = ctranslate2.get_supported_compute_types(options.device)
    rows: list[dict[str, Figure]] = []
    for compute_type in (one for one in _TYPES[options.device] if one in supported):
        for batch_size in options.batch_sizes:
            settings = whisper_settings(options, threads=options.threads, batch_size=batch_size)
            settings = settings.model_copy(update={"whisper_compute_type": compute_type})
            async with loaded(partial(load_transcriber, settings), threads=options.threads) as engine:
                work = partial(engine.run, Unattended(), Transcriber.transcribe, audio, chunk)
                rows.append(_row(compute_type, batch_size, seconds, await _timed(work, options.rounds)))
    shape = options.whisper_shape
    random = f"random weights answer every window with {WINDOW_WORDS} words" if shape else "real weights"
    return _table("Transcription", f"{shape or options.whisper}, {random}", seconds, rows, options)


async def _diarizer(options: Options) -> Measured:
    from scripts.bench_engines.pyannote_pipeline import pipeline_folder  # noqa: PLC0415 - loads torch

    seconds = options.audio_seconds(_SECONDS[options.device])
    audio = recording(options.work, seconds)
    folder = options.pipeline or pipeline_folder(options.work)
    rows: list[dict[str, Figure]] = []
    for shares_frames in (False, True):
        for batch_size in options.batch_sizes:
            settings = pyannote_settings(folder, options, shares_frames=shares_frames, batch_size=batch_size)
            async with loaded(partial(load_diarizer, settings), threads=options.threads) as engine:
                work = partial(engine.run, Unattended(), Diarizer.diarize, audio, SpeakerBounds())
                name = "frames shared" if shares_frames else "by default"
                rows.append(_row(name, batch_size, seconds, await _timed(work, options.rounds)))
    return _table("Diarization", "real pipeline" if options.pipeline else "random weights, 3.1", seconds, rows, options)


async def _timed(work: Callable[[], Awaitable[object]], rounds: int) -> float:
    await work()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        await work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _row(name: str, batch_size: int, seconds: float, elapsed: float) -> dict[str, Figure]:
    return {"": name, "batch size": batch_size, "seconds": elapsed, "audio s/s": seconds / elapsed}


def _table(title: str, model: str, seconds: float, rows: list[dict[str, Figure]], options: Options) -> Measured:
    place = "cuda" if options.device == "cuda" else f"cpu, {options.threads} threads"
    conditions = (f"{model}; {place}; {seconds:g} s of audio, median of {options.rounds} rounds after one to warm up.",)
    return Measured(part=_PART, title=f"{title}, throughput", conditions=conditions, rows=tuple(rows))
