"""The spans of a request that began runs: one in the trace of each."""

from collections.abc import Sequence

from opentelemetry.trace import Link, SpanKind
from starlette.datastructures import Headers
from starlette.types import Scope

from libs.common.tracing.attributes import subject_attributes
from libs.common.tracing.run_trace import links_to, root_of
from libs.common.tracing.spans import past_span
from services.gateway.begun import Begun

_FIRST_FAILURE = 400


def export_request(
    scope: Scope, begun: Sequence[Begun], *, request_id: str, status: int, times: tuple[float, float]
) -> None:
    """Export them once the request is answered; `times`: its begin and end, seconds since the epoch.

    The client's own span is linked from here, where its call arrived, not from the root: a run outlives the call, and
    its end may be seen by a gateway that never heard of the client.
    """
    if status >= _FIRST_FAILURE:
        return
    route = getattr(scope.get("route"), "path", scope["path"])
    client = links_to(Headers(scope=scope).get("traceparent", ""))
    for one in begun:
        attributes = {
            "http.request.method": scope["method"],
            "http.route": route,
            "http.response.status_code": status,
            "hansard.request_id": request_id,
            **subject_attributes(one.subject),
        }
        origin = (Link(root_of(one.origin_run_id)),) if one.origin_run_id else ()
        name = f"{scope['method']} {route}"
        past_span(one.run_id, name, SpanKind.SERVER, attributes, times, links=(*client, *origin))
