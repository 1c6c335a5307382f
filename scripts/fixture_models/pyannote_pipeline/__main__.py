"""Trains the small pyannote pipeline of the tests on synthetic conversations and writes its folder."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # read when pyannote is imported

import torch

from scripts.fixture_models.pyannote_pipeline.batches import random_windows
from scripts.fixture_models.pyannote_pipeline.checkpoints import save_checkpoint
from scripts.fixture_models.pyannote_pipeline.configs import write_configs
from scripts.fixture_models.pyannote_pipeline.conversations import Stage
from scripts.fixture_models.pyannote_pipeline.embedding import build_embedding, centre, train_embedding
from scripts.fixture_models.pyannote_pipeline.plda import write_plda
from scripts.fixture_models.pyannote_pipeline.segmentation import WINDOW_SECONDS, build_segmentation, train_segmentation
from scripts.fixture_models.pyannote_pipeline.speech import meeting_sentences, other_sentences, say
from scripts.sample_meeting.voice import INSTALL_HINT, is_installed

FOLDER = Path(__file__).parents[3] / "tests" / "models" / "pyannote"
PARTS = ("embedding", "segmentation")
SEED = 2


@dataclass(frozen=True)
class Course:
    """One part of the segmentation's training."""

    steps: int
    sizes: tuple[int, ...]
    """Numbers of speakers in its conversations, of which each has a random one."""

    learning_rate: float


COURSES = (
    Course(steps=2000, sizes=(1, 2, 2, 2, 3, 3, 4), learning_rate=3e-3),
    Course(steps=850, sizes=(1, 2, 3, 4, 4, 4), learning_rate=1.5e-3),
)
"""First to tell voices apart at all, then to keep more of them apart than there are places in a window."""

EMBEDDING_STEPS = 450
EMBEDDING_SIZES = (1, 1, 1, 2, 2, 3)
"""With more monologues, because that is what people are enrolled with."""


def main() -> int:
    """Train, save, and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fixture_models.pyannote_pipeline", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"what to train, of {', '.join(PARTS)}; default: all")
    parser.add_argument("--share", type=float, default=1.0, help="of the steps, for a quick try (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder to write to (default: %(default)s)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if not is_installed():
        print(INSTALL_HINT, file=sys.stderr)
        return 1
    torch.set_num_threads(options.threads)
    stage = Stage(say, meeting_sentences(), other_sentences())
    write_configs(options.output)
    for part in options.parts or PARTS:
        torch.manual_seed(SEED)
        _MAKE[part](stage, options)
    return 0


def _make_segmentation(stage: Stage, options: argparse.Namespace) -> None:
    model = build_segmentation()
    for seed, course in enumerate(COURSES, start=SEED):
        windows = random_windows(stage, seconds=WINDOW_SECONDS, sizes=course.sizes, seed=seed)
        steps = round(course.steps * options.share)
        train_segmentation(model, windows, steps=steps, learning_rate=course.learning_rate)
        torch.manual_seed(seed + 1)
    save_checkpoint(model, options.output / "segmentation")


def _make_embedding(stage: Stage, options: argparse.Namespace) -> None:
    model = build_embedding()
    windows = random_windows(stage, seconds=WINDOW_SECONDS, sizes=EMBEDDING_SIZES, seed=SEED + 1)
    train_embedding(model, windows, steps=round(EMBEDDING_STEPS * options.share))
    embeddings, voices = centre(model, windows)
    save_checkpoint(model, options.output / "embedding")
    write_plda(embeddings, voices, options.output / "plda")


_MAKE = {"embedding": _make_embedding, "segmentation": _make_segmentation}

if __name__ == "__main__":
    sys.exit(main())
