"""Runs moto with the interpreter of `.venv/s3`: an S3 server that looks at one request at a time.

By itself it checks for an object and stores one in two steps, between which another request can come.
"""

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app  # type: ignore[import-not-found]
from werkzeug.serving import run_simple  # type: ignore[import-not-found]

_answers = DomainDispatcherApplication(create_backend_app)
_one_at_a_time = threading.Lock()


def _answered(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    with _one_at_a_time:
        return list(_answers(environ, start_response))


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), _answered, threaded=True)
