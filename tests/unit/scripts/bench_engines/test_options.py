"""What may be asked for on the command line."""

import pytest

from scripts.bench_engines.options import parse_options


def test_everything_but_the_throughput_is_measured_unless_parts_are_named() -> None:
    assert parse_options([]).parts == ("transcriber", "diarizer", "memory")
    assert parse_options(["throughput"]).parts == ("throughput",)


@pytest.mark.parametrize("arguments", [["transcribers"], ["--threads", "0"], ["--batch-sizes", "8", "0"]])
def test_wrong_usage_measures_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(arguments)
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ([], "small"),
        (["--device", "cuda"], "large-v3"),
        (["--whisper", "tiny"], "tiny"),
        (["--whisper", "models/x"], None),
    ],
)
def test_the_usual_shape_of_the_device_has_random_weights_unless_a_model_is_named(
    arguments: list[str], shape: str | None
) -> None:
    assert parse_options(arguments).whisper_shape == shape


def test_each_part_has_a_length_of_its_own_unless_one_is_named() -> None:
    assert parse_options([]).audio_seconds(240.0) == 240.0
    assert parse_options(["--seconds", "30"]).audio_seconds(240.0) == 30.0
