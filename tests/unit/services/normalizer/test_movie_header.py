import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.normalizer.movie_header import movie_sound_duration

TONES = "-f lavfi -i testsrc=d=6:s=64x64:r=5 -f lavfi -i sine=d=3 -f lavfi -i sine=d=5"


def _movie(folder: Path, options: str) -> Path:
    path = folder / "movie.mp4"
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *options.split(), path], check=True)
    return path


def test_the_sound_tells_its_own_duration(tmp_path: Path) -> None:
    assert movie_sound_duration(_movie(tmp_path, f"{TONES} -map 0 -map 2")) == pytest.approx(5.0, abs=0.05)


def test_of_several_sound_tracks_the_shortest_counts(tmp_path: Path) -> None:
    assert movie_sound_duration(_movie(tmp_path, f"{TONES} -map 0 -map 1 -map 2")) == pytest.approx(3.0, abs=0.05)


def test_a_movie_in_fragments_does_not_say(tmp_path: Path) -> None:
    assert movie_sound_duration(_movie(tmp_path, f"{TONES} -movflags +frag_keyframe+empty_moov")) is None


def test_a_picture_alone_has_no_sound(tmp_path: Path) -> None:
    assert movie_sound_duration(_movie(tmp_path, "-f lavfi -i testsrc=d=1:s=64x64:r=5")) is None


def test_an_empty_file_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    assert movie_sound_duration(tmp_path / "empty") is None


def test_endless_small_boxes_are_given_up_soon(tmp_path: Path) -> None:
    movie = _movie(tmp_path, TONES).read_bytes()
    (tmp_path / "boxes").write_bytes(b"\0\0\0\x08free" * 100_000 + movie)

    assert movie_sound_duration(tmp_path / "boxes") is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=8), cut=st.integers(1, 1500))
def test_no_header_is_too_broken_to_look_at(damage: list[tuple[int, int]], cut: int, tmp_path: Path) -> None:
    whole = tmp_path / "movie.mp4"
    header = bytearray((whole if whole.exists() else _movie(tmp_path, f"{TONES} -movflags +faststart")).read_bytes())
    for at, value in damage:
        header[at] = value
    (tmp_path / "broken").write_bytes(header[:cut])

    duration = movie_sound_duration(tmp_path / "broken")

    assert duration is None or duration >= 0
