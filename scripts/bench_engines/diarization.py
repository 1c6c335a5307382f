"""Our diarizer against the plain pyannote pipeline: the same turns, and how much sooner."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import soundfile
import torch

from libs.common.audio import SAMPLE_RATE_HZ, audio_duration
from libs.common.rttm import read_rttm
from libs.common.running_engine import RunningEngine
from libs.common.scoring.diarization import align_turns
from libs.common.speech import SpeakerBounds, Turn
from scripts.bench_engines.children import Unattended, loaded
from scripts.bench_engines.engine_settings import pyannote_settings
from scripts.bench_engines.options import Options
from scripts.bench_engines.pyannote_pipeline import pipeline_folder
from scripts.bench_engines.recording import SAMPLE, SMALL_PIPELINE, recording
from scripts.bench_engines.report import Figure, Measured
from scripts.bench_engines.rounds import Side, Timings, measured
from services.diarizer.engines import Diarizer, load_engine

_PART = "diarizer"
_SECONDS = 40.0
_SMALL_BATCH = 2

_RANDOM = "Random weights of the shapes of 3.1; only the last layers are fitted to the sample meeting."
_TRAINED = "The small trained pipeline of the tests on the sample meeting: here only the turns count, not the speed."


@dataclass(frozen=True)
class Found:
    """Turns of one side, and the same with one voice at a time."""

    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]


class PlainPipeline:
    """The library alone, in this process."""

    def __init__(self, folder: Path, options: Options, *, batch_size: int | None = None) -> None:
        """`batch_size` is of both models; unset, as the pipeline's own configuration says."""
        from pyannote.audio import Pipeline  # noqa: PLC0415 - it reads the environment when it is imported

        torch.set_num_threads(options.threads)
        self._pipeline = Pipeline.from_pretrained(folder)
        self._pipeline.to(torch.device(options.device))
        if batch_size is not None:
            self._pipeline.segmentation_batch_size = batch_size
            self._pipeline.embedding_batch_size = batch_size

    async def diarize(self, audio: Path) -> Found:
        samples, _ = soundfile.read(audio, dtype="float32")
        file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE_HZ, "uri": audio.stem}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = self._pipeline(file)
        return Found(_turns(output.speaker_diarization), _turns(output.exclusive_speaker_diarization))


@dataclass(frozen=True)
class _Comparison:
    """What all sides did with one recording."""

    timings: Timings[Found]
    audio: Path
    options: Options

    def table(self, title: str, about: str) -> Measured:
        duration, rounds = audio_duration(self.audio), self.timings.rounds
        conditions = (
            f"{self.options.device}, {self.options.threads} threads on both sides; {duration:g} s of audio, "
            + ("once." if rounds == 1 else f"median of {rounds} rounds in which the sides take turns."),
            "DER without a collar, overlaps scored; batches as each side has them, unless the row says.",
            *([about] if about else []),
        )
        rows = tuple(self._row(name, duration) for name in self.timings.took)
        return Measured(part=_PART, title=title, conditions=conditions, rows=rows)

    def _row(self, name: str, duration: float) -> dict[str, Figure]:
        plain, found = next(iter(self.timings.answers.values())), self.timings.answers[name]
        truth = self.audio.with_suffix(".rttm")
        row: dict[str, Figure] = {
            "": name,
            "seconds": self.timings.seconds(name),
            "audio s/s": duration / self.timings.seconds(name),
            "times as fast": 1 / self.timings.ratio(name),
            "by CPU time": 1 / self.timings.processor_ratio(name),
            "turns": len(found.turns),
            "voices": len({turn.label for turn in found.turns}),
            "DER against plain": _der(plain.turns, found.turns),
            "exclusive": _der(plain.exclusive_turns, found.exclusive_turns),
        }
        return {**row, "DER": _der(read_rttm(truth.read_text("utf-8")), found.turns)} if truth.exists() else row


async def measure_diarizer(options: Options) -> list[Measured]:
    """On the real shapes, for the speed; on a small pipeline that was trained, for the turns."""
    audio = recording(options.work, options.audio_seconds(_SECONDS))
    folder = options.pipeline or pipeline_folder(options.work)
    found = await _compare(folder, audio, options)
    tables = [found.table("Diarization", "" if options.pipeline else _RANDOM)]
    if SMALL_PIPELINE.exists():
        found = await _compare(SMALL_PIPELINE, SAMPLE, replace(options, rounds=1))
        tables.append(found.table("The same turns", _TRAINED))
    return tables


async def _compare(folder: Path, audio: Path, options: Options) -> _Comparison:
    plain, small_batches = PlainPipeline(folder, options), PlainPipeline(folder, options, batch_size=_SMALL_BATCH)
    settings = [pyannote_settings(folder, options, shares_frames=shares_frames) for shares_frames in (False, True)]
    async with (
        loaded(partial(load_engine, settings[0]), threads=options.threads) as exact,
        loaded(partial(load_engine, settings[1]), threads=options.threads) as sharing,
    ):
        sides = [
            Side("plain pyannote", partial(plain.diarize, audio)),
            Side(f"plain, batches of {_SMALL_BATCH}", partial(small_batches.diarize, audio)),
            Side("ours", partial(_ours, exact, audio)),
            Side("ours, shared frames", partial(_ours, sharing, audio)),
        ]
        return _Comparison(await measured(sides, rounds=options.rounds, warm_up=False), audio, options)


async def _ours(engine: RunningEngine[Diarizer], audio: Path) -> Found:
    speech = await engine.run(Unattended(), Diarizer.diarize, audio, SpeakerBounds())
    return Found(speech.turns, speech.exclusive_turns)


def _der(reference: Sequence[Turn], hypothesis: Sequence[Turn]) -> float | None:
    return align_turns(reference, hypothesis).errors.der


def _turns(annotation: Any) -> tuple[Turn, ...]:
    return tuple(
        Turn(start=max(0.0, segment.start), end=segment.end, label=str(label))
        for segment, _, label in annotation.itertracks(yield_label=True)
    )
