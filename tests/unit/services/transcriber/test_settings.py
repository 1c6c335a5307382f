import pytest

from libs.common.machine import usable_cores
from services.transcriber.settings import TranscriberSettings


@pytest.mark.parametrize("slots", [1, 2, 3, 64])
def test_child_processes_together_ask_for_no_more_cores_than_there_are(slots: int) -> None:
    threads = TranscriberSettings(transcriber_slots=slots).threads_per_child

    assert threads == max(1, usable_cores() // slots)
    assert TranscriberSettings(transcriber_slots=slots, whisper_cpu_threads=7).threads_per_child == 7
