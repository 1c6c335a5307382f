"""`python -m tests.openai_server --port 0`: answer every request without a script, until a signal ends it."""

import argparse
import signal
from typing import get_args

from tests.openai_server.models import ServerKind
from tests.openai_server.server import API_KEY, OpenAIServer

_ENDING = {signal.SIGINT, signal.SIGTERM}


def main() -> None:
    """Print the base URL and the key, then serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.openai_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--api-key", default=API_KEY)
    parser.add_argument("--kind", choices=get_args(ServerKind), default="openai")
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    with OpenAIServer(kind=options.kind, api_key=options.api_key, port=options.port) as server:
        print(f"OPENAI_BASE_URL={server.url} OPENAI_API_KEY={server.api_key}", flush=True)  # noqa: T201
        signal.sigwait(_ENDING)


if __name__ == "__main__":
    main()
