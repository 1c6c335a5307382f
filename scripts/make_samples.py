"""Makes the sample meetings in `samples/` from their scenarios: audio, enrolment clips, references, manifest."""

import argparse
import json
import sys
from pathlib import Path

import soundfile

from evaluation.recordings import write_stm
from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.rttm import write_rttm
from scripts.sample_meeting.mix import Mixed, mix
from scripts.sample_meeting.scenario import Scenario, read_scenario
from scripts.sample_meeting.voice import INSTALL_HINT, is_installed, speak

SAMPLES = Path(__file__).parents[1] / "samples"


def make_sample(scenario: Scenario, folder: Path) -> None:
    """Write everything that belongs to one sample meeting; the folder's name becomes the recording's."""
    mixed = mix(scenario)
    soundfile.write(folder / f"{folder.name}.flac", mixed.samples, SAMPLE_RATE_HZ, subtype="PCM_16")
    _write_references(mixed, folder)
    for name, text in scenario.clips.items():
        clip = folder / "speakers" / name / "introduction.flac"
        clip.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(clip, speak(text, scenario.people[name]), SAMPLE_RATE_HZ, subtype="PCM_16")
    (folder / "manifest.json").write_text(_manifest(scenario, folder.name), encoding="utf-8")


def _write_references(mixed: Mixed, folder: Path) -> None:
    name = folder.name
    (folder / f"{name}.rttm").write_text(write_rttm(mixed.turns, recording=name), encoding="utf-8")
    (folder / f"{name}.stm").write_text(write_stm(mixed.utterances, recording=name), encoding="utf-8")


def _manifest(scenario: Scenario, name: str) -> str:
    manifest = {
        "title": scenario.title,
        "meeting": f"{name}.flac",
        "rttm": f"{name}.rttm",
        "stm": f"{name}.stm",
        "speakers": [{"name": who, "clips": [f"speakers/{who}/introduction.flac"]} for who in scenario.clips],
        "strangers": list(scenario.strangers),
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Make every sample that has a scenario, in place or under another folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=SAMPLES, help="folder to write to (default: %(default)s)")
    output: Path = parser.parse_args().output
    if not is_installed():
        print(INSTALL_HINT, file=sys.stderr)
        return 1
    for path in sorted(SAMPLES.glob("*/scenario.yaml")):
        folder = output / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        make_sample(read_scenario(path), folder)
        print(f"made {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
