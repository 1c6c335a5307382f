"""Our transcriber against plain faster-whisper (batched) on the same audio, with as many threads."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from faster_whisper import BatchedInferencePipeline, WhisperModel

from libs.common.audio import read_segment
from libs.common.running_engine import RunningEngine
from libs.common.speech import Segment, Turn
from scripts.bench_engines.children import Unattended, loaded
from scripts.bench_engines.engine_settings import whisper_settings
from scripts.bench_engines.options import Options
from scripts.bench_engines.recording import chunks, recording, recording_turns
from scripts.bench_engines.report import Measured
from scripts.bench_engines.rounds import Side, Timings, measured
from scripts.bench_engines.whisper_model import WINDOW_WORDS
from services.transcriber.engines import Chunk, Transcriber, load_engine
from services.transcriber.settings import TranscriberSettings

_PART = "transcriber"
_SECONDS = 240.0
_REPLICAS = 2
_PLAIN = "plain faster-whisper"


class PlainWhisper:
    """The library alone, in this process; the options that cost time are those of the settings."""

    def __init__(self, settings: TranscriberSettings) -> None:
        model = WhisperModel(
            str(settings.whisper_model),
            device=settings.whisper_device,
            compute_type=settings.whisper_compute_type,
            cpu_threads=settings.threads_per_child,
        )
        self._pipeline = BatchedInferencePipeline(model)
        self._options = {"batch_size": settings.whisper_batch_size, "beam_size": settings.whisper_beam_size}

    def transcribe(self, audio: Path, segment: Segment) -> list[str]:
        """The words of one stretch of a recording."""
        samples = read_segment(audio, segment)
        parts, _ = self._pipeline.transcribe(samples, language="en", word_timestamps=True, **self._options)
        return [word.word for part in parts for word in part.words or ()]


def chunk_of(turns: tuple[Turn, ...], segment: Segment) -> Chunk:
    """What the line knows of a stretch when it is transcribed."""
    speech = tuple(
        Segment(start=max(turn.start, segment.start), end=min(turn.end, segment.end))
        for turn in turns
        if turn.overlap(segment) > 0
    )
    return Chunk(segment=segment, speech=speech, language="en")


async def measure_transcriber(options: Options) -> list[Measured]:
    """One chunk at a time, and a recording with two replicas."""
    seconds = options.audio_seconds(_SECONDS)
    bench = _Bench(options, whisper_settings(options, threads=options.threads), recording(options.work, seconds))
    plain = PlainWhisper(bench.settings)
    return [await _one_chunk(bench, plain, seconds), await _replicas(bench, plain, seconds)]


@dataclass(frozen=True)
class _Bench:
    options: Options
    settings: TranscriberSettings
    audio: Path

    def table(self, title: str, timings: Timings[int], seconds: float) -> Measured:
        model = Path(str(self.settings.whisper_model)).name
        rows = tuple(
            {
                "": name,
                "seconds": timings.seconds(name),
                "audio s/s": seconds / timings.seconds(name),
                "time against plain": timings.ratio(name),
                "rounds": timings.spread(name),
                "CPU time against plain": timings.processor_ratio(name),
                "words": timings.answers[name],
            }
            for name in timings.took
        )
        return Measured(part=_PART, title=title, conditions=self._conditions(model, seconds), rows=rows)

    def _conditions(self, model: str, seconds: float) -> tuple[str, ...]:
        settings, options = self.settings, self.options
        random = f"; random weights answer every window with {WINDOW_WORDS} words" if options.whisper_shape else ""
        return (
            f"{model}, {settings.whisper_compute_type}, {options.device}, {options.threads} threads on both sides, "
            f"beam {settings.whisper_beam_size}, batches of {settings.whisper_batch_size}{random}.",
            f"{seconds:g} s of audio; median of {options.rounds} rounds in which the sides take turns.",
        )


async def _one_chunk(bench: _Bench, plain: PlainWhisper, seconds: float) -> Measured:
    segment = Segment(start=0, end=min(seconds, bench.settings.chunk_target))
    chunk = chunk_of(recording_turns(seconds), segment)
    async with loaded(partial(load_engine, bench.settings), threads=bench.options.threads) as engine:
        sides = [
            Side(_PLAIN, partial(_plain, plain, bench.audio, segment)),
            Side("ours", partial(_ours, engine, bench.audio, [chunk])),
        ]
        timings = await measured(sides, rounds=bench.options.rounds)
    return bench.table("One chunk at a time", timings, segment.duration)


async def _replicas(bench: _Bench, plain: PlainWhisper, seconds: float) -> Measured:
    """The library alone has all threads and the whole recording at once; replicas share the threads and the chunks."""
    threads = max(1, bench.options.threads // _REPLICAS)
    shared = bench.settings.model_copy(update={"whisper_cpu_threads": threads})
    turns = recording_turns(seconds)
    pieces = [chunk_of(turns, segment) for segment in chunks(seconds, length=shared.chunk_target)]
    async with loaded(partial(load_engine, shared), processes=_REPLICAS, threads=threads) as engine:
        sides = [
            Side(_PLAIN, partial(_plain, plain, bench.audio, Segment(start=0, end=seconds))),
            Side(f"ours, {_REPLICAS} replicas", partial(_ours, engine, bench.audio, pieces)),
        ]
        timings = await measured(sides, rounds=bench.options.rounds)
    return bench.table(f"A recording in {len(pieces)} chunks", timings, seconds)


async def _plain(plain: PlainWhisper, audio: Path, segment: Segment) -> int:
    return len(plain.transcribe(audio, segment))


async def _ours(engine: RunningEngine[Transcriber], audio: Path, pieces: list[Chunk]) -> int:
    calls = (engine.run(Unattended(), Transcriber.transcribe, audio, piece) for piece in pieces)
    return sum(len(recognized.words) for recognized in await asyncio.gather(*calls))
