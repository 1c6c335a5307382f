"""The trace of a run follows from its id."""

import uuid

from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from libs.common.tracing.run_trace import links_to, root_of


def test_a_run_has_the_same_trace_wherever_it_is_asked_for() -> None:
    root = root_of("7a1b6a4e-0000-4000-8000-000000000001")
    assert f"{root.trace_id:032x}" == "3557f0156561de5576ad04b95ca27a93"
    assert root.is_valid


def test_runs_have_traces_of_their_own() -> None:
    roots = [root_of(str(uuid.UUID(int=number))) for number in range(1000)]
    assert len({one.trace_id for one in roots}) == len({one.span_id for one in roots}) == 1000


def test_a_share_of_all_runs_is_sampled_whatever_their_ids_are() -> None:
    sampler = TraceIdRatioBased(0.25)
    traces = [root_of(str(uuid.UUID(int=number))).trace_id for number in range(4000)]
    sampled = [one for one in traces if sampler.should_sample(None, one, "").decision is Decision.RECORD_AND_SAMPLE]
    assert 900 < len(sampled) < 1100


def test_what_is_no_traceparent_is_no_link() -> None:
    assert links_to("", "nonsense", "00-0-0-00") == ()
    [link] = links_to("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    assert f"{link.context.span_id:016x}" == "b7ad6b7169203331"
