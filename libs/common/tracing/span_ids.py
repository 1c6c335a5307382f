"""Random ids, except where others have named a span before it is made."""

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from libs.common.tracing.spans import named


class FixableIds(RandomIdGenerator):
    """Ids as `past_span` wants them, otherwise random ones."""

    def generate_span_id(self) -> int:
        wanted = named.get()
        return super().generate_span_id() if wanted is None else wanted.span_id

    def generate_trace_id(self) -> int:
        wanted = named.get()
        return super().generate_trace_id() if wanted is None else wanted.trace_id
