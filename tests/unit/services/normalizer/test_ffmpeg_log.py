import pytest

from services.normalizer.ffmpeg_log import FfmpegLog


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[error] cache:pipe:0: Invalid data found", "Invalid data found"),
        ("[in#0 @ 0x55a7e1cbee00] [error] Error opening input: Invalid data", "Error opening input: Invalid data"),
        ("[error] Error opening input file fd:.", "Error opening input file"),
        ("[fatal] fd:: Operation not permitted", "Operation not permitted"),
        (
            "[error] Error writing file:/tmp/hansard-1/decoded.flac: Input/output error",
            "Error writing Input/output error",
        ),
    ],
)
def test_a_fault_is_told_without_the_names_that_ffmpeg_was_given(line: str, fault: str) -> None:
    log = FfmpegLog()

    log.read(line)

    assert log.faults == [fault]
