"""What it means for a start that the hub of models gave nothing."""

import errno

from libs.common.errors import EngineUnavailable, InvalidSettings

_SERVER_ERRORS = 500
_COME_AGAIN = frozenset({408, 429})
_OWN_DISK = frozenset({errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS})


def answer_of(error: Exception) -> Exception:
    """The hub's answer, which its client may hide behind a file that is not in the cache, as if there were none."""
    cause = error.__cause__
    return cause if isinstance(cause, Exception) and _is_answer(cause) and not _is_answer(error) else error


def hub_error(
    error: Exception, *, status: int | None, is_offline: bool
) -> type[EngineUnavailable] | type[InvalidSettings]:
    """`EngineUnavailable` where the hub may give it to the next start; otherwise a person has to change something.

    Args:
        error: What the client of the hub raised.
        status: That of the hub's answer; `None` where there was none.
        is_offline: Whether the settings keep the client from asking.
    """
    if status is not None:
        is_outage = status >= _SERVER_ERRORS or status in _COME_AGAIN
    else:
        is_outage = not is_offline and getattr(error, "errno", None) not in _OWN_DISK
    return EngineUnavailable if is_outage else InvalidSettings


def _is_answer(error: Exception) -> bool:
    return getattr(error, "response", None) is not None
