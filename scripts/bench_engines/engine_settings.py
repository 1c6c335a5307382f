"""Our engines as the options ask for them."""

from pathlib import Path

from scripts.bench_engines.options import Options
from scripts.bench_engines.whisper_model import whisper_folder
from services.diarizer.settings import DiarizerSettings
from services.transcriber.settings import TranscriberSettings


def whisper_settings(options: Options, *, threads: int, batch_size: int | None = None) -> TranscriberSettings:
    """With the model of the options, or random weights of the shape that is usual on the device."""
    shape = options.whisper_shape
    folder = whisper_folder(options.work, shape) if shape else Path(str(options.whisper)).resolve()
    settings = TranscriberSettings(
        transcriber_engine="faster-whisper",
        whisper_model=str(folder),
        whisper_device=options.device,
        whisper_compute_type="float16" if options.device == "cuda" else "int8",
        whisper_cpu_threads=threads,
    )
    return settings if batch_size is None else settings.model_copy(update={"whisper_batch_size": batch_size})


def pyannote_settings(
    folder: Path, options: Options, *, shares_frames: bool = False, batch_size: int | None = None
) -> DiarizerSettings:
    """Our engine with a local pipeline; `batch_size` is of both models."""
    return DiarizerSettings(
        diarizer_engine="pyannote",
        pyannote_pipeline=str(folder),
        pyannote_device=options.device,
        pyannote_threads=options.threads,
        pyannote_segmentation_batch_size=batch_size,
        pyannote_embedding_batch_size=batch_size,
        pyannote_shared_frames=shares_frames,
    )
