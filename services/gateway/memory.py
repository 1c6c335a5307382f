"""How a gateway takes memory and looks for what it can give back."""

import ctypes
import gc
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them
_TRIM_BYTES = 64 * 1024**2
_MMAP_BYTES = 32 * 1024**2  # the most that glibc takes


def keep_freed_memory() -> None:
    """Let the memory of one piece of a body serve the next.

    As shipped, glibc may give each freed piece back to the system and take the next one anew, zeroed page by page,
    which costs more than to copy it. Up to 64 MiB that are free stay with the process now. Without glibc, nothing
    changes.
    """
    if sys.platform != "linux":
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_TRIM_THRESHOLD, _TRIM_BYTES)
        set_option(_MMAP_THRESHOLD, _MMAP_BYTES)


def keep_what_is_loaded() -> None:
    """Let the garbage collector pass over everything that there is now: modules, routes and schemas.

    A full collection of them takes some 90 ms, in which a gateway does nothing else, and frees nothing. To be called
    when a gateway has all that it keeps.
    """
    gc.collect()
    gc.freeze()
