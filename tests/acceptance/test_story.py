"""One meeting's story, as traces and logs tell it: whole, in one piece, and without a word of what was said."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cli.answers.results import Results
from cli.enrolment import wait_for_enrolment
from libs.common.events import EVENTS
from libs.common.line import MEETING_LINE
from libs.common.streams.keys import stream_key
from libs.common.tracing.run_trace import root_of
from tests.acceptance.conftest import SHORT, Hansard, running, wait_for_end, wait_until
from tests.openai_server import ChatRequest, Failure, OpenAIServer
from tests.otlp_receiver import ReceivedSpan, Receiver, receiving

NAME, TITLE, FILE, WORD, CONSENT = "Zebulon", "Zygomatic", "Zanzibar", "Zollverein", "Zeugma"
SECRET = "collector-secret-5b1f"
REQUEST_ID = "story-request-1"
CLIENT_TRACE, CLIENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SERVICES = {"gateway", "normalizer", "diarizer", "transcriber", "summarizer"}
QUOTED = 4
"""So many words in a row that a log has in common with a meeting are a quotation."""

_LINE = re.compile(r"│ +(\{.*\})$")
_WRITTEN = re.compile(r'"(?:summary|text|task|due_text)":"([^"]+)"')

Line = Mapping[str, object]


@dataclass(frozen=True)
class Told:
    """What a meeting, a replay of it whose model fails, and an enrolment have left."""

    receiver: Receiver
    text: str
    """Of all logs."""

    entries: str
    """Of all streams."""

    results: Results
    meeting_id: str
    run_id: str
    replay_id: str
    sample_run_id: str

    @property
    def lines(self) -> list[Line]:
        """The filter of docs/operations/logs.md."""
        return [one for one in map(json.loads, self.json_lines) if one.get("meeting_id") == self.meeting_id]

    @property
    def json_lines(self) -> list[str]:
        return [found[1] for one in self.text.splitlines() if (found := _LINE.search(one))]

    @property
    def spans(self) -> list[ReceivedSpan]:
        return self.receiver.of_run(self.run_id)


def _quoting(request: ChatRequest) -> Failure:
    spoken = request.messages[-1].text
    return Failure(400, f"not to our taste: {spoken[spoken.index('u0001') :]}")


def _process(hansard: Hansard, recording: Path) -> Mapping[str, str]:
    answer = httpx.post(
        f"http://127.0.0.1:{hansard.port}/api/meetings/process",
        files={"audio": (recording.name, recording.read_bytes())},
        data={"title": f"{TITLE} matters", "vocabulary": WORD, "personas": ["executive"]},
        headers={"X-Request-ID": REQUEST_ID, "traceparent": f"00-{CLIENT_TRACE}-{CLIENT_SPAN}-01"},
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    accepted: Mapping[str, str] = answer.json()
    return accepted


def _entries(hansard: Hansard) -> str:
    with hansard.redis() as redis:
        return "\n".join(str(redis.xrange(stream_key(stream))) for stream in EVENTS)


def _replay(hansard: Hansard, meeting_id: str) -> str:
    address = f"http://127.0.0.1:{hansard.port}/api/meetings/{meeting_id}/replay"
    wish = {"from_stage": "summarize", "personas": ["engineer"]}
    return str(httpx.post(address, json=wish, timeout=60).raise_for_status().json()["run_id"])


def _has_heard_the_end(receiver: Receiver, replay_id: str) -> bool:
    """Whether the spans of what came last have arrived; each service sends what it has once a second."""
    last = receiver.of_run(replay_id)
    return {"summarizer", "gateway"} <= {one.service for one in last} and any(not one.parent_id for one in last)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("story")
    manifest = json.loads((SHORT / "manifest.json").read_text())
    clip = Path(shutil.copy(SHORT / manifest["speakers"][0]["clips"][0], folder / f"{FILE} clip.flac"))
    recording = Path(shutil.copy(SHORT / manifest["meeting"], folder / f"{FILE}.flac"))
    with receiving() as receiver, OpenAIServer() as model:
        settings = {
            "LOG_FORMAT": "json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}",
            "OPENAI_BASE_URL": model.url,
            "OPENAI_API_KEY": model.api_key,
            "TRANSCRIBER_ENGINE": "pocketsphinx",
            "LEASE": "30",
        }
        with running(folder / "home", **settings) as hansard, hansard.gateway as gateway:
            wait_for_enrolment(gateway, gateway.enroll(NAME, [clip], f"I agree. {CONSENT}").speaker_id)
            accepted = _process(hansard, recording)
            meeting_id = accepted["meeting_id"]
            assert wait_for_end(hansard, gateway, meeting_id).status == "completed", hansard.log()
            results = gateway.results(meeting_id)
            model.answer_with(_quoting)
            replay_id = _replay(hansard, meeting_id)
            wait_until(lambda: gateway.status(meeting_id, replay_id).is_final, timeout=60, otherwise=hansard.log)
            entries = _entries(hansard)
            # Who stops has two seconds for what is left.
            wait_until(lambda: _has_heard_the_end(receiver, replay_id), timeout=60, otherwise=hansard.log)
            hansard.stop()
            samples = [one for one in receiver.spans if one.name == "sample"]
            yield Told(
                receiver=receiver,
                text=hansard.log(),
                entries=entries,
                results=results,
                meeting_id=meeting_id,
                run_id=accepted["run_id"],
                replay_id=replay_id,
                sample_run_id=str(samples[0].attributes["hansard.run_id"]),
            )


def test_a_meeting_is_one_trace_through_all_services(told: Told) -> None:
    spans = told.spans
    assert {one.trace_id for one in spans} == {f"{root_of(told.run_id).trace_id:032x}"}
    assert {one.service for one in spans} == SERVICES


def test_the_root_spans_the_meeting_from_its_upload_to_its_last_row(told: Told) -> None:
    [root] = [one for one in told.spans if not one.parent_id]
    assert root.name == "meeting"
    assert root.attributes["hansard.status"] == "completed"
    done = [one for one in told.spans if one.stage or one.kind == "SERVER"]
    assert root.begin <= min(one.begin for one in done) + 1.0
    assert root.begin < min(one.begin for one in done if one.stage)
    assert root.end >= max(one.begin for one in done)


def test_every_span_hangs_in_the_tree_and_every_link_leads_to_a_span(told: Told) -> None:
    known = {(one.trace_id, one.span_id) for one in told.receiver.spans}
    for one in told.receiver.spans:
        assert not one.parent_id or (one.trace_id, one.parent_id) in known, one
        assert {link for link in one.links if link[0] != CLIENT_TRACE} <= known, one


def test_every_unit_has_a_span_that_links_who_published_its_entry(told: Told) -> None:
    units = [one for one in told.spans if one.stage]
    assert {one.stage for one in units} == {position.stage for position in MEETING_LINE}
    publishers = {one.span_id for one in told.spans if one.kind == "PRODUCER"}
    assert all(one.links and {span for _, span in one.links} <= publishers for one in units)
    recorded = [one for one in told.spans if one.name.startswith("record ")]
    assert len(recorded) >= len(units)
    assert all(one.links for one in recorded)


def test_a_unit_says_what_worked_it_and_what_came_of_it(told: Told) -> None:
    [diarized] = [one for one in told.spans if one.stage == "diarize"]
    assert diarized.attributes["hansard.attempt"] == 1
    assert diarized.attributes["hansard.engine"] == "embedded"
    assert diarized.attributes["hansard.outcome"] == "finished"
    assert diarized.attributes["hansard.warnings"] == 0
    assert [one for one in told.spans if one.parent_id == diarized.span_id and one.name.startswith("engine ")]


def test_calls_of_a_model_say_its_name_and_their_tokens(told: Told) -> None:
    calls = [one for one in told.spans if one.attributes.get("gen_ai.operation.name") == "chat"]
    assert calls
    assert all(one.attributes["gen_ai.usage.input_tokens"] for one in calls)
    assert all(one.attributes["gen_ai.request.model"] for one in calls)


def test_the_request_that_began_it_is_found_by_its_id_and_from_the_clients_own_trace(told: Told) -> None:
    [request] = [one for one in told.spans if one.kind == "SERVER"]
    assert request.attributes["hansard.request_id"] == REQUEST_ID
    assert request.links == ((CLIENT_TRACE, CLIENT_SPAN),)
    assert {one.get("request_id") for one in told.lines if one["message"] == "meeting accepted"} == {REQUEST_ID}


def test_a_replay_is_a_trace_of_its_own_that_links_its_origin(told: Told) -> None:
    replay = told.receiver.of_run(told.replay_id)
    origin = root_of(told.run_id)
    assert {one.trace_id for one in replay} == {f"{root_of(told.replay_id).trace_id:032x}"}
    assert [one for one in replay if (f"{origin.trace_id:032x}", f"{origin.span_id:016x}") in one.links]


def test_an_enrolment_is_one_trace_too(told: Told) -> None:
    spans = told.receiver.of_run(told.sample_run_id)
    assert {one.stage for one in spans if one.stage} == {"normalize_sample", "enroll"}
    assert {one.service for one in spans} == {"gateway", "normalizer", "diarizer"}


def test_one_filter_tells_the_whole_story(told: Told) -> None:
    story = [one for one in told.lines if one.get("run_id") == told.run_id]
    assert story[0]["message"] == "meeting accepted"
    done = [one for one in story if one["message"] == "stage done"]
    assert {one["stage"] for one in done} == {position.stage for position in MEETING_LINE}
    assert all(one["inputs"] and one["outputs"] and isinstance(one["seconds"], float) for one in done)
    assert {one["service"] for one in done} == SERVICES - {"gateway"}
    assert {"request", "published"} <= {one["message"] for one in story}
    [end] = [one for one in story if one["message"] == "run ended"]
    assert end["status"] == "completed"


def test_no_line_about_a_meeting_lacks_its_id(told: Told) -> None:
    known = {told.meeting_id, told.run_id, told.replay_id}
    about = [one for one in told.json_lines if any(id_ in one for id_ in known)]
    assert about
    for one in about:
        assert json.loads(one).get("meeting_id") == told.meeting_id, one


def test_lines_name_the_span_in_which_they_were_written(told: Told) -> None:
    known = {one.span_id for one in told.receiver.spans}
    done = [one for one in told.lines if one["message"] in {"stage done", "call answered", "run ended"}]
    assert {one["span_id"] for one in done} <= known


def test_nobodys_words_stand_in_logs_spans_or_entries(told: Told) -> None:
    spans = "\n".join(f"{one.name} {one.attributes}" for one in told.receiver.spans)
    for canary in (NAME, TITLE, FILE, WORD, CONSENT, SECRET):
        assert canary.lower() not in told.text.lower()
        assert canary.lower() not in spans.lower()
        assert canary.lower() not in told.entries.lower()
    said = [one.text for one in told.results.utterances]
    minutes = [one.model_dump_json() for one in told.results.minutes.values()]
    written = [text for one in minutes for text in _WRITTEN.findall(one)]
    known = {one for text in (*said, *written) for one in _runs_of_words(text)}
    assert len(known) > 20
    assert not known & {one for line in told.text.splitlines() for one in _runs_of_words(line)}
    assert not known & _runs_of_words(spans)
    assert not known & _runs_of_words(told.entries)
    assert "minutes_request_rejected" in told.entries  # the failure that quotes is among them


def test_a_failure_is_told_without_the_prompt_that_the_model_quotes(told: Told) -> None:
    [line] = [one for one in told.lines if one.get("run_id") == told.replay_id and one["message"] == "gave up"]
    assert line["code"] == "minutes_request_rejected"
    [failed] = [one for one in told.receiver.of_run(told.replay_id) if one.stage == "summarize"]
    assert failed.is_error
    assert not [one for one in told.receiver.spans if one.has_events]


def _runs_of_words(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z']+", text.lower())
    return set(zip(*(words[start:] for start in range(QUOTED)), strict=False))
