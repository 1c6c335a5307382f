"""The course of a training: its phases, one after the other, and a trial every few steps."""

import shutil
from dataclasses import replace
from pathlib import Path

from scripts.fixture_models.whisper.batches import Kitchen
from scripts.fixture_models.whisper.conversion import convert
from scripts.fixture_models.whisper.network import Network
from scripts.fixture_models.whisper.recipes import Mixture
from scripts.fixture_models.whisper.training import Phase, Training
from scripts.fixture_models.whisper.trial import Chunk, Trial, trial

PHASES = (
    Phase(
        "short windows",
        steps=900,
        sizes=((16, 6.5),),
        learning_rate=2e-3,
        mixture=Mixture(passages=0.3, faster=0.4, most_noise_dbfs=-45),
        phone_weight=1.0,
        look_weight=0.5,
        dropout=0.1,
    ),
    Phase(
        "middle windows",
        steps=400,
        sizes=((8, 15.0),),
        learning_rate=1.5e-3,
        mixture=Mixture(passages=0.4, faster=0.4, most_noise_dbfs=-45),
        phone_weight=0.5,
        look_weight=0.5,
        noise_tokens=0.1,
        dropout=0.1,
    ),
    Phase(
        "all windows",
        steps=400,
        sizes=((8, 15.0), (4, 30.0), (12, 10.0)),
        learning_rate=1.5e-3,
        mixture=Mixture(passages=0.4, faster=0.1, most_noise_dbfs=-55),
        phone_weight=0.5,
        look_weight=1.0,
        noise_tokens=0.2,
    ),
    Phase(
        "passages",
        steps=650,
        sizes=((8, 15.0), (4, 30.0)),
        learning_rate=1.4e-3,
        mixture=Mixture(passages=0.75, faster=0.05, most_noise_dbfs=-60),
        phone_weight=0.3,
        look_weight=1.0,
        noise_tokens=0.1,
    ),
)
_STEPS_BETWEEN_TRIALS = 200
_GOOD_ENOUGH = 0.01
"""Word error rate at which the training ends early."""


class Course:
    """One training from the first step to the best model; everything that it knows lies in the work folder."""

    def __init__(self, network: Network, kitchen: Kitchen, chunks: list[Chunk], work: Path) -> None:
        self._network = network
        self._kitchen = kitchen
        self._chunks = chunks
        self._work = work

    def run(self, share: float = 1.0) -> tuple[Path, Trial]:
        """All phases, or a share of each; gives the folder of the best model of the last and what its trial said."""
        tried: list[tuple[Path, Trial]] = []
        for number, phase in enumerate(PHASES, start=1):
            shortened = replace(phase, steps=max(1, round(phase.steps * share)))
            tried = self._run_phase(shortened, self._work / f"phase-{number}")
        return min(tried, key=lambda one: one[1].rate)

    def _run_phase(self, phase: Phase, folder: Path) -> list[tuple[Path, Trial]]:
        folder.mkdir(exist_ok=True)
        training = Training(self._network, self._kitchen, phase)
        checkpoint = folder / "checkpoint.pt"
        if checkpoint.exists():
            training.restore(checkpoint)
            print(f"{phase.name}: going on at step {training.step}", flush=True)
        tried = [(kept.parent, Trial.read(kept)) for kept in sorted(folder.glob("*/trial.json"))]
        while training.step < phase.steps and not any(one.rate <= _GOOD_ENOUGH for _, one in tried):
            training.run(min(phase.steps, training.step + _STEPS_BETWEEN_TRIALS))
            tried.append(self._try(folder / f"step-{training.step:05d}"))
            training.save(checkpoint)
            print(f"{phase.name} {training.step}/{phase.steps}: {tried[-1][1]}", flush=True)
        return tried

    def _try(self, folder: Path) -> tuple[Path, Trial]:
        convert(self._network, self._kitchen.vocabulary, folder)
        result = trial(folder, self._chunks)
        result.write(folder / "trial.json")
        return folder, result


def publish(model: Path, output: Path) -> None:
    """Put the model where the tests look for it."""
    output.mkdir(parents=True, exist_ok=True)
    for file in model.iterdir():
        if file.name != "trial.json":
            shutil.copy(file, output / file.name)
