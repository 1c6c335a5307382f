"""The pyannote engine: a pipeline of `pyannote.audio`, on the CPU or a GPU. Only what lies here imports torch."""

import os

from libs.common.errors import InvalidSettings
from services.diarizer.engines import Diarizer
from services.diarizer.settings import DiarizerSettings

# Both libraries read these once, when they are imported, and tell their makers of every use otherwise.
os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# OpenMP's threads wait for each other in a busy loop: on a machine with more work than cores, each of the many small
# steps of an LSTM then costs time slices, and seconds become minutes. Read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def load_pyannote(settings: DiarizerSettings) -> Diarizer:
    """Load the pipeline that the settings name.

    Raises:
        EngineUnavailable: The hub does not give a file at the moment.
        InvalidSettings: A package, a file, a right or a device is missing; the text says what to do.
    """
    try:
        from services.diarizer.engines.pyannote.diarizer import PyannoteDiarizer  # noqa: PLC0415
    except (ImportError, OSError) as error:  # OSError: a library of CUDA that does not fit
        raise InvalidSettings(
            f"DIARIZER_ENGINE=pyannote needs packages that are missing or do not fit ({error}): run `pip install "
            "-c constraints.txt -c services/diarizer/constraints-pyannote.txt "
            "-r services/diarizer/requirements-pyannote.txt`, or set DIARIZER_ENGINE=embedded"
        ) from error
    return PyannoteDiarizer.load(settings)
