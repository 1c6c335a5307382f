from pathlib import Path

import pytest

from libs.common.errors import InvalidSettings
from services.transcriber.engines import load_engine
from services.transcriber.settings import TranscriberSettings


def test_without_its_model_it_refuses_to_start_and_names_the_cure(tmp_path: Path) -> None:
    settings = TranscriberSettings(transcriber_engine="faster-whisper", whisper_model=str(tmp_path))

    with pytest.raises(InvalidSettings, match="WHISPER_MODEL") as caught:
        load_engine(settings)

    assert "pocketsphinx" in caught.value.message
