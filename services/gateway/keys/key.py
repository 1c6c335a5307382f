"""What a key looks like, and what is kept of it."""

import hashlib
import re
import secrets

_MARK = "hsk_"
_RANDOM_BYTES = 32
"""43 characters, as the URL-safe alphabet writes them."""

_OURS = re.compile(r"hsk_[A-Za-z0-9_-]{43}")
_ANY = re.compile(r"[A-Za-z0-9._~+/=-]{32,256}")
"""What others have made up: RFC 6750 lets a bearer token have these characters."""

_DISTINCT = 8
"""So many different characters has a key at least that nobody typed with one finger."""


def new_key() -> str:
    """A key of 256 random bits."""
    return _MARK + secrets.token_urlsafe(_RANDOM_BYTES)


def is_key(text: str) -> bool:
    """Whether a text is shaped like a key: what is not opens nothing, and nobody has to be asked."""
    return _ANY.fullmatch(text) is not None and len(set(text)) >= _DISTINCT


def digest(key: str) -> bytes:
    """What is kept and compared. Keys are too random to be found by trying, so it needs neither salt nor slowness."""
    return hashlib.sha256(key.encode()).digest()


def prefix(key: str) -> str:
    """The beginning, by which people and logs know a key; the rest stays long enough to be a secret."""
    return key[:12] if _OURS.fullmatch(key) else key[:6]
