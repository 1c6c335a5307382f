import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from libs.common.errors import PipelineError
from services.normalizer.decoding import Decoded, Limit, decode, decoding_deadline
from services.normalizer.errors import (
    CorruptRecording,
    EmptyRecording,
    EncryptedRecording,
    NoAudioStream,
    RecordingTooLong,
    SampleTooLong,
    UnsupportedFormat,
)
from services.normalizer.ffmpeg import Ffmpeg
from tests.unit.services.normalizer.conftest import RATE_HZ, MakeRecording, speechlike

LIMIT = Limit(duration=60.0, error=RecordingTooLong)


async def _decode(ffmpeg: Ffmpeg, upload: Path, limit: Limit = LIMIT) -> Decoded:
    return await decode(ffmpeg, upload, upload.parent / "decoded.flac", limit=limit, progress=lambda _: None)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", []),
        ("a.flac", []),
        ("a.mp3", []),
        ("a.m4a", ["-c:a", "aac"]),
        ("a.ogg", ["-c:a", "libopus"]),
        ("a.webm", ["-c:a", "libopus"]),
        ("a.mkv", ["-c:a", "pcm_s16le"]),
        ("a.wma", ["-c:a", "wmav2"]),
        ("a.aiff", []),
        ("a.ts", ["-c:a", "aac"]),
        ("a.mp4", ["-f", "mp4", "-c:a", "aac"]),
        ("stereo.mp3", ["-ac", "2", "-ar", "44100"]),
        ("surround.flac", ["-ac", "6", "-ar", "48000"]),
    ],
)
async def test_any_recording_becomes_16_khz_mono(
    name: str, options: list[str], ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    upload = make_recording(name, speechlike(3.0), *options)

    decoded = await _decode(ffmpeg, upload)

    written = soundfile.info(upload.parent / "decoded.flac")
    assert (written.samplerate, written.channels) == (RATE_HZ, 1)
    assert written.frames / RATE_HZ == pytest.approx(3.0, abs=0.1)
    assert decoded.duration == pytest.approx(written.frames / RATE_HZ, abs=0.001)
    assert decoded.damage is None


async def test_the_technical_data_of_a_video_is_recorded(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    upload = tmp_path / "meeting.mp4"
    _run("-f lavfi -i testsrc=d=3 -f lavfi -i sine=d=3:r=44100 -ac 2 -c:a aac -b:a 64k", upload)

    source = (await _decode(ffmpeg, upload)).source

    assert source.container.startswith("mov,mp4")
    assert (source.codec, source.sample_rate_hz, source.channels) == ("aac", 44_100, "stereo")
    assert source.bit_rate is not None
    assert 30_000 < source.bit_rate < 100_000
    assert source.stated_duration == pytest.approx(3.0, abs=0.1)
    assert source.num_audio_streams == 1


async def test_the_index_at_the_end_of_a_large_file_is_found(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    upload = make_recording("large.m4a", speechlike(5.0), "-c:a", "aac")
    content = upload.read_bytes()
    index = content.index(b"moov") - 4
    padding = 64 * 2**20
    with upload.open("wb") as file:
        file.write(content[:index] + padding.to_bytes(4, "big") + b"free")
        file.seek(index + padding)
        file.write(content[index:])

    assert (await _decode(ffmpeg, upload)).duration == pytest.approx(5.0, abs=0.1)


async def test_a_pause_in_the_time_stamps_is_filled_with_silence(
    ffmpeg: Ffmpeg, make_recording: MakeRecording, tmp_path: Path
) -> None:
    encoded = make_recording("whole.ogg", speechlike(4.0), "-c:a", "libopus")
    paused = tmp_path / "paused.webm"
    _run(rf"-i {encoded} -c copy -bsf:a setts=ts=PTS+gt(N\,99)*10/TB", paused)

    decoded = await _decode(ffmpeg, paused)

    assert decoded.duration == pytest.approx(14.0, abs=0.2)
    samples, _ = soundfile.read(tmp_path / "decoded.flac")
    assert np.abs(samples[3 * RATE_HZ : 11 * RATE_HZ]).max() < 0.001
    assert np.abs(samples[13 * RATE_HZ :]).max() > 0.05


async def test_a_video_without_sound_is_refused(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    upload = tmp_path / "silent-film.mp4"
    _run("-f lavfi -i testsrc=d=1", upload)

    await _refused(ffmpeg, upload, NoAudioStream, "no_audio_stream")


async def test_an_empty_file_and_a_header_without_sound_are_empty(
    ffmpeg: Ffmpeg, tmp_path: Path, make_recording: MakeRecording
) -> None:
    nothing = tmp_path / "nothing"
    nothing.touch()

    await _refused(ffmpeg, nothing, EmptyRecording, "empty_recording")
    await _refused(ffmpeg, make_recording("header.wav", np.zeros(0)), EmptyRecording, "empty_recording")


async def test_what_is_no_recording_is_corrupt(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp3"
    noise.write_bytes(np.random.default_rng(0).bytes(100_000))
    text = tmp_path / "text.wav"
    text.write_text("Dear all, please find the recording attached. " * 50)

    await _refused(ffmpeg, noise, CorruptRecording, "corrupt_recording")
    await _refused(ffmpeg, text, CorruptRecording, "corrupt_recording")


async def test_a_movie_cut_off_before_its_index_is_corrupt(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    upload = make_recording("cut.m4a", speechlike(5.0), "-c:a", "aac")
    _keep(upload, 0.8)

    await _refused(ffmpeg, upload, CorruptRecording, "corrupt_recording")


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.flac", []), ("a.m4a", ["-c:a", "aac", "-movflags", "+faststart"]), ("a.wav", []), ("a.mp3", [])],
)
async def test_what_can_be_read_of_a_damaged_recording_is_kept(
    name: str, options: list[str], ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    upload = make_recording(name, speechlike(20.0), *options)
    _keep(upload, 0.5)

    decoded = await _decode(ffmpeg, upload)

    assert 8.0 < decoded.duration < 11.0
    assert decoded.damage is not None


PICTURE = "-f lavfi -i testsrc=d=20:s=160x120:r=5 -f lavfi -i sine=d=10"


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi", "a.mpg", "a.wmv"])
async def test_a_picture_that_lasts_longer_than_the_sound_is_no_damage(
    name: str, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    upload = tmp_path / name
    _run(f"{PICTURE} -r 25", upload)

    decoded = await _decode(ffmpeg, upload)

    assert decoded.duration == pytest.approx(10.0, abs=0.2)
    assert decoded.damage is None


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
async def test_a_video_that_breaks_off_is_damaged(name: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    upload = tmp_path / name
    _run(f"{PICTURE} -movflags +faststart", upload)
    _keep(upload, 0.4)

    decoded = await _decode(ffmpeg, upload)

    assert 1.0 < decoded.duration < 8.0
    assert decoded.damage is not None


async def test_a_video_that_breaks_off_where_its_sound_would_go_on_is_damaged(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    upload = tmp_path / "a.mp4"
    _run(f"{PICTURE} -movflags +faststart", upload)
    content = upload.read_bytes()
    chunk = content.rindex(b"stco") + 12 + 4 * 10
    upload.write_bytes(content[: int.from_bytes(content[chunk : chunk + 4], "big")])

    decoded = await _decode(ffmpeg, upload)

    assert 1.0 < decoded.duration < 5.0
    assert decoded.damage is not None


async def test_a_cover_does_not_hide_that_a_recording_breaks_off(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    upload = tmp_path / "a.mp3"
    _run(
        "-f lavfi -i sine=d=20 -f lavfi -i testsrc=d=0.04 -map 0 -map 1 -disposition:v attached_pic",
        upload,
    )
    assert (await _decode(ffmpeg, upload)).damage is None
    _keep(upload, 0.5)

    assert (await _decode(ffmpeg, upload)).damage is not None


async def test_faults_do_not_name_what_ffmpeg_calls_its_input(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    upload = make_recording("a.m4a", speechlike(20.0), "-c:a", "aac", "-movflags", "+faststart")
    _keep(upload, 0.5)

    damage = (await _decode(ffmpeg, upload)).damage

    assert damage is not None
    assert "partial file" in damage
    assert not [one for one in ("cache:", "pipe:", "fd:", "file:", str(upload.parent)) if one in damage]


async def test_an_encrypted_recording_is_named_as_such(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    key = "76a6c65c5ea762046bd749a2e632ccbb"
    upload = make_recording(
        "protected.mp4",
        speechlike(5.0),
        *("-c:a", "aac", "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key),
    )

    await _refused(ffmpeg, upload, EncryptedRecording, "encrypted_recording")


async def test_a_playlist_is_not_supported(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    upload = tmp_path / "list"
    upload.write_text("ffconcat version 1.0\nfile 'other.wav'\n")

    await _refused(ffmpeg, upload, UnsupportedFormat, "unsupported_format")


async def test_a_recording_over_the_limit_is_refused_and_decoding_ends_there(
    ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    upload = make_recording("long.flac", speechlike(30.0))

    await _refused(ffmpeg, upload, RecordingTooLong, "recording_too_long", Limit(duration=5.0, error=RecordingTooLong))
    await _refused(ffmpeg, upload, SampleTooLong, "sample_too_long", Limit(duration=5.0, error=SampleTooLong))

    assert soundfile.info(upload.parent / "decoded.flac").duration < 10.0


async def test_a_header_that_lies_about_the_duration_does_not_help(
    ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    upload = make_recording("lying.flac", speechlike(30.0))
    content = bytearray(upload.read_bytes())
    content[21] &= 0xF0
    content[22:26] = (2 * RATE_HZ).to_bytes(4, "big")
    upload.write_bytes(content)

    await _refused(ffmpeg, upload, RecordingTooLong, "recording_too_long", Limit(duration=5.0, error=RecordingTooLong))


async def test_a_recording_exactly_at_the_limit_is_accepted(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    upload = make_recording("five.flac", speechlike(5.0))

    assert (await _decode(ffmpeg, upload, Limit(duration=5.0, error=RecordingTooLong))).duration == 5.0


def test_the_deadline_grows_with_the_file_up_to_the_longest_recording() -> None:
    assert decoding_deadline(1000, 21_600.0) < 70.0
    assert decoding_deadline(100_000_000, 21_600.0) > 21_600.0 / 20
    assert decoding_deadline(100_000_000, 300.0) < 200.0


async def _refused(ffmpeg: Ffmpeg, upload: Path, error: type[PipelineError], code: str, limit: Limit = LIMIT) -> None:
    with pytest.raises(error) as caught:
        await _decode(ffmpeg, upload, limit)
    assert (type(caught.value), caught.value.code, caught.value.retryable) == (error, code, False)


def _keep(path: Path, share: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def _run(options: str, target: Path) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *options.split(), target], check=True)
