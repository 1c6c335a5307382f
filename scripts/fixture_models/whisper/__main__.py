"""Trains the small Whisper of the tests on the sample meetings and writes it to `tests/models/whisper/`.

Stopped and started again with the same work folder, it goes on where it was.
"""

import argparse
import sys
from pathlib import Path

import torch

from scripts.fixture_models.whisper.batches import Kitchen
from scripts.fixture_models.whisper.course import Course, publish
from scripts.fixture_models.whisper.library import gather
from scripts.fixture_models.whisper.network import Network, Shape
from scripts.fixture_models.whisper.recipes import MOST_SECONDS
from scripts.fixture_models.whisper.sentences import respelled
from scripts.fixture_models.whisper.trial import sample_chunks
from scripts.fixture_models.whisper.vocabulary import Vocabulary
from scripts.sample_meeting.scenario import read_scenario
from scripts.sample_meeting.voice import INSTALL_HINT, is_installed

REPOSITORY = Path(__file__).parents[3]
SAMPLES = REPOSITORY / "samples"
OUTPUT = REPOSITORY / "tests" / "models" / "whisper"
SEED = 0


def main() -> int:
    """Make the speech, train, convert, and say how good it has become."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fixture_models.whisper", description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=Path("fixture-whisper"), help="keeps speech and checkpoints (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder to write to (default: %(default)s)")
    parser.add_argument("--share", type=float, default=1.0, help="of the steps, for a quick try (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of the training (default: %(default)s)")
    given = parser.parse_args()
    if not is_installed():
        print(INSTALL_HINT, file=sys.stderr)
        return 1
    torch.set_num_threads(given.threads)
    given.work.mkdir(parents=True, exist_ok=True)
    model, result = prepare(given.work).run(given.share)
    publish(model, given.output)
    print(f"wrote {given.output}: {result}")
    return 0


def prepare(work: Path) -> Course:
    """Everything that a training needs."""
    kitchen = make_kitchen(work)
    library, vocabulary = kitchen.library, kitchen.vocabulary
    print(f"{len(library.utterances)} utterances, {len(vocabulary)} tokens, {len(kitchen.phones)} phones", flush=True)
    network = Network(Shape(), vocabulary, num_phones=len(kitchen.phones), seed=SEED)
    chunks = [one for folder in sorted(SAMPLES.glob("*/")) for one in sample_chunks(folder, most_seconds=MOST_SECONDS)]
    return Course(network, kitchen, chunks, work)


def make_kitchen(work: Path) -> Kitchen:
    """The speech and the vocabulary that suits it."""
    scenarios = [read_scenario(path) for path in sorted(SAMPLES.glob("*/scenario.yaml"))]
    library = gather(scenarios, work, seed=SEED)
    texts = [spoken.order.text for spoken in library.utterances]
    return Kitchen(library, Vocabulary.of([*texts, *map(respelled, texts)]), SEED)


if __name__ == "__main__":
    sys.exit(main())
