"""A crafted upload cannot make ffmpeg open anything: canary files and a loopback HTTP server stay untouched."""

import http.server
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import soundfile

from services.normalizer.decoding import Limit, decode
from services.normalizer.errors import RecordingError, RecordingTooLong
from services.normalizer.ffmpeg import Ffmpeg
from services.normalizer.formats import CONTAINERS
from tests.http_servers import serving
from tests.unit.services.normalizer.conftest import RATE_HZ, speechlike

LIMIT = Limit(duration=60.0, error=RecordingTooLong)


@dataclass
class Canary:
    """A recording that nobody may read, as a file and behind HTTP."""

    path: Path
    port: int
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/canary.wav"


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    path = tmp_path / "canary.wav"
    soundfile.write(path, speechlike(2.0), RATE_HZ)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.requests.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(path.read_bytes())

        def log_message(self, *args: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Canary(path=path, port=server.server_address[1])
        with serving(server):
            yield found


def _mov_with_external_data(canary: Path) -> bytes:
    """A QuickTime movie whose only track keeps its samples in another file (`dref` with an alias record)."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", 8 + len(content)) + kind + content

    name = str(canary).encode()
    alias = struct.pack(">IHHH", 0, 0, 2, 0) + bytes(28) + bytes(12) + bytes(64) + bytes(16)
    alias += struct.pack(">hh", 1, 1) + bytes(16) + struct.pack(">hH", 2, len(name)) + name
    alias += bytes(len(name) % 2) + struct.pack(">hH", -1, 0)
    dref = box(b"dref", struct.pack(">II", 0, 1) + box(b"alis", struct.pack(">I", 0) + alias))
    entry = box(b"sowt", bytes(6) + struct.pack(">HHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0, RATE_HZ << 16))
    num_samples = RATE_HZ
    stbl = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1) + entry)
        + box(b"stts", struct.pack(">IIII", 0, 1, num_samples, 1))
        + box(b"stsc", struct.pack(">IIIII", 0, 1, 1, num_samples, 1))
        + box(b"stsz", struct.pack(">III", 0, 2, num_samples))
        + box(b"stco", struct.pack(">III", 0, 1, 44)),
    )
    header = struct.pack(">IIIIIHH", 0, 0, 0, RATE_HZ, num_samples, 0, 0)
    handler = box(b"hdlr", struct.pack(">I", 0) + b"mhlrsoun" + bytes(13))
    smhd = box(b"smhd", bytes(8))
    minf = box(b"minf", smhd + box(b"dinf", dref) + stbl)
    track = box(
        b"trak", box(b"tkhd", b"\x00\x00\x00\x07" + bytes(80)) + box(b"mdia", box(b"mdhd", header) + handler + minf)
    )
    movie = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, RATE_HZ, num_samples) + bytes(80))
    return box(b"ftyp", b"qt  \x00\x00\x00\x00qt  ") + box(b"moov", movie + track)


def _hls(segment: str) -> str:
    return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:2.0,\n{segment}\n#EXT-X-ENDLIST\n"


CRAFTED: dict[str, Callable[[Canary], str]] = {
    "hls-file": lambda canary: _hls(f"file://{canary.path}"),
    "hls-path": lambda canary: _hls(str(canary.path)),
    "hls-relative": lambda _: _hls("canary.wav"),
    "hls-http": lambda canary: _hls(canary.url),
    "hls-concat": lambda canary: _hls(f"concat:{canary.path}|{canary.path}"),
    "hls-subfile": lambda canary: _hls(f"subfile,,start,0,end,9000,,:{canary.path}"),
    "hls-cache": lambda canary: _hls(f"cache:{canary.path}"),
    "hls-async": lambda canary: _hls(f"async:file:{canary.path}"),
    "hls-crypto": lambda canary: _hls(f"crypto:{canary.path}"),
    "hls-key": lambda canary: (
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n"
        f'#EXT-X-KEY:METHOD=AES-128,URI="{canary.url}",IV=0x0\n#EXTINF:2,\n{canary.path}\n#EXT-X-ENDLIST\n'
    ),
    "hls-master": lambda canary: f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\n{canary.url}\n",
    "ffconcat-file": lambda canary: f"ffconcat version 1.0\nfile '{canary.path}'\n",
    "ffconcat-http": lambda canary: f"ffconcat version 1.0\nfile '{canary.url}'\n",
    "ffconcat-options": lambda canary: f"ffconcat version 1.0\nfile '{canary.path}'\noption protocol_whitelist file\n",
    "dash": lambda canary: (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="p" type="static" '
        'mediaPresentationDuration="PT2S"><Period><AdaptationSet contentType="audio"><Representation id="1" '
        f'bandwidth="9"><BaseURL>{canary.url}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    ),
    "dash-entity": lambda canary: (
        f'<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY x SYSTEM "file://{canary.path}">]>'
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="p" type="static"><Period>&x;</Period></MPD>'
    ),
    "imf": lambda canary: (
        '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>'
        f"urn:uuid:1</Id><File>{canary.path}</File></CompositionPlaylist>"
    ),
    "sdp": lambda canary: (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {canary.port} RTP/AVP 0\n"
    ),
    "rtsp-redirect": lambda canary: f"RTSP/1.0 302 Moved\r\nLocation: {canary.url}\r\n\r\n",
    "quicktime-reference": lambda canary: f'<?xml version="1.0"?><?quicktime type="x"?><embed src="{canary.url}"/>',
    "asx": lambda canary: f'<asx version="3.0"><entry><ref href="{canary.url}"/></entry></asx>',
    "pls": lambda canary: f"[playlist]\nFile1={canary.url}\nNumberOfEntries=1\n",
    "smil": lambda canary: f'<smil><body><audio src="{canary.url}"/></body></smil>',
    "lavfi-graph": lambda canary: f"amovie={canary.path}",
    "avisynth": lambda canary: f'WavSource("{canary.path}")\n',
    "svg": lambda canary: f'<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{canary.url}"/></svg>',
    "vobsub": lambda _: "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n",
    "webm-dash": lambda canary: f"webm_dash_manifest {canary.url}",
    "bare-url": lambda canary: canary.url,
}
"""Name → the text of an upload that asks for the canary in its own way."""


@pytest.mark.parametrize("kind", CRAFTED)
async def test_a_file_that_refers_to_others_is_refused_unread(
    kind: str, ffmpeg: Ffmpeg, canary: Canary, tmp_path: Path
) -> None:
    upload = tmp_path / "object"
    upload.write_text(CRAFTED[kind](canary))

    with pytest.raises(RecordingError):
        await decode(ffmpeg, upload, tmp_path / "out.flac", limit=LIMIT, progress=lambda _: None)

    assert canary.requests == []
    assert not (tmp_path / "out.flac").exists()


async def test_a_movie_that_keeps_its_samples_in_another_file_does_not_get_them(
    ffmpeg: Ffmpeg, canary: Canary, tmp_path: Path
) -> None:
    upload = tmp_path / "object"
    upload.write_bytes(_mov_with_external_data(canary.path))

    with pytest.raises(RecordingError):
        await decode(ffmpeg, upload, tmp_path / "out.flac", limit=LIMIT, progress=lambda _: None)


@pytest.mark.parametrize(
    "name",
    [
        "-i",
        "-y",
        "--help",
        "concat:canary.wav|canary.wav",
        "subfile,,start,0,end,0,,:canary.wav",
        "%03d.wav",
        "can*.wav",
        "pipe:0",
        "http:example",
        "a b'c\"d;e$(f).wav",
    ],
)
async def test_names_have_no_meaning(name: str, ffmpeg: Ffmpeg, canary: Canary, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    upload, target = folder / name, folder / f"{name}.out"
    shutil.copy(canary.path, upload)

    decoded = await decode(ffmpeg, upload, target, limit=LIMIT, progress=lambda _: None)

    assert decoded.duration == pytest.approx(2.0)
    assert soundfile.info(target).frames == 2 * RATE_HZ


def test_no_container_on_the_list_opens_other_files() -> None:
    openers = {
        *(
            "hls",
            "applehttp",
            "dash",
            "concat",
            "concatf",
            "imf",
            "image2",
            "image2pipe",
            "lavfi",
            "sdp",
            "rtsp",
            "rtp",
        ),
        *("sap", "avisynth", "vapoursynth", "dvdvideo", "vobsub", "webm_dash_manifest", "libgme", "tedcaptions"),
    }

    assert not openers & set(CONTAINERS)
