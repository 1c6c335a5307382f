"""Where torch is installed, only the engine that needs it loads it."""

import subprocess
import sys


def test_no_service_loads_torch_when_it_starts() -> None:
    names = ("gateway", "normalizer", "diarizer", "transcriber", "summarizer")
    imports = ", ".join(f"services.{name}.__main__" for name in names)
    program = f"import sys, services.diarizer.engines.pyannote, {imports}; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
