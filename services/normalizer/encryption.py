"""Finds out whether a file's sound is encrypted: ffmpeg decodes it to noise and says nothing."""

import mmap
import re
from pathlib import Path

_MP4_PROTECTION = re.compile(rb"sinf.{4}frma.{4}.{4}schm", re.DOTALL)
"""A protection scheme within a sample entry (ISO/IEC 14496-12, 8.12)."""

_MATROSKA_ENCRYPTION = re.compile(rb"\x50\x35.{1,8}?\x47\xe1", re.DOTALL)
"""ContentEncryption with its algorithm (RFC 9559, 5.1.4.1.31)."""

_MATROSKA_HEADER_BYTES = 1 << 20


def is_encrypted(path: Path, container: str) -> bool:
    """Look for the marks of encryption that MP4 and Matroska carry; the file is mapped, not read into memory."""
    names = set(container.split(","))
    if path.stat().st_size == 0 or not names & {"mp4", "matroska"}:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if "mp4" in names:
            return _MP4_PROTECTION.search(content) is not None
        return _MATROSKA_ENCRYPTION.search(content, 0, _MATROSKA_HEADER_BYTES) is not None
