"""Memory that is freed is not taken anew from the system, and what stays is not searched for garbage."""

import os
import subprocess
import sys

import pytest

_GROWING_PIECES = """
import resource
from services.gateway.memory import keep_freed_memory
{first}
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for mebibytes in range(1, 21):
    b"x" * (mebibytes * 1024**2)  # each is larger than all before: glibc asks the system for it, as shipped
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize())
"""


def _taken_bytes(first: str) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-c", _GROWING_PIECES.format(first=first)]
    return int(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="this C library is not glibc")
def test_pieces_of_a_body_share_memory() -> None:
    assert _taken_bytes("keep_freed_memory()") < 0.2 * _taken_bytes("")


_LOADED_AND_SERVED = """
import gc
import services.gateway.app
from services.gateway.memory import keep_what_is_loaded
loaded = len(gc.get_objects())
keep_what_is_loaded()
print(len(gc.get_objects()) / loaded)
"""


def test_a_full_collection_looks_at_little_but_what_requests_leave() -> None:
    command = [sys.executable, "-c", _LOADED_AND_SERVED]
    assert float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) < 0.05
