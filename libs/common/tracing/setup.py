"""Sets tracing up for a service, where its settings name a receiver."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from libs.common.settings import ServiceSettings
from libs.common.tracing.spans import use

_FLUSH_TIMEOUT = 2.0


@contextmanager
def tracing(service: str, settings: ServiceSettings) -> Iterator[None]:
    """Trace while the block runs, if the settings name a receiver; what is left at the end has 2 s to get there."""
    if settings.otel_exporter_otlp_endpoint is None:
        yield
        return
    from libs.common.tracing.export import open_provider  # noqa: PLC0415 - only who traces loads the SDK

    provider = open_provider(service, settings)
    use(provider.get_tracer("hansard"))
    try:
        yield
    finally:
        use(None)
        # The SDK waits for a slow receiver as long as that takes; whoever stops does not.
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(_FLUSH_TIMEOUT)
