"""Where torch is not installed, everything but this engine works; where it is, nothing else loads it."""

import importlib.util
import subprocess
import sys

import pytest

from libs.common.errors import InvalidSettings
from services.diarizer.engines import load_engine
from services.diarizer.settings import DiarizerSettings


def test_no_service_loads_torch_when_it_starts() -> None:
    names = ("gateway", "normalizer", "diarizer", "transcriber", "summarizer")
    imports = ", ".join(f"services.{name}.__main__" for name in names)
    program = f"import sys, services.diarizer.engines.pyannote, {imports}; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is here")
def test_an_engine_whose_packages_are_not_here_names_the_cure() -> None:
    with pytest.raises(InvalidSettings, match=r"requirements-pyannote\.txt`, or set DIARIZER_ENGINE=embedded"):
        load_engine(DiarizerSettings(diarizer_engine="pyannote"))
