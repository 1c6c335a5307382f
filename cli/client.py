"""A gateway, as this program talks to it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from cli.answers import (
    AcceptedMeeting,
    AcceptedSpeaker,
    Answer,
    Cancellation,
    Health,
    Meeting,
    MeetingReceipt,
    MeetingStatus,
    Problem,
    Results,
    Speaker,
    SpeakerReceipt,
)
from cli.errors import GatewayRefused, GatewayUnreachable

A = TypeVar("A", bound=Answer)

_TIMEOUT = httpx.Timeout(10.0, read=60.0, write=60.0)
_UPLOAD_TIMEOUT = httpx.Timeout(10.0, read=300.0, write=300.0)


class Gateway:
    """Every call answers with a typed value, or raises what to tell the person at the terminal."""

    def __init__(self, url: str, console: Console) -> None:
        """`console` shows the progress of uploads."""
        self.url = url.rstrip("/")
        self._console = console
        self._http = httpx.Client(base_url=self.url, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def process(self, recording: Path, options: Mapping[str, str | list[str]]) -> AcceptedMeeting:
        """Hand in a recording, streamed from the disk."""
        return _read(AcceptedMeeting, self._upload("/api/meetings/process", [recording], options))

    def enroll(self, name: str, clips: Sequence[Path], consent: str | None) -> AcceptedSpeaker:
        """Hand in enrolment clips of one person."""
        fields: dict[str, str | list[str]] = {"name": name}
        if consent is not None:
            fields["consent"] = consent
        return _read(AcceptedSpeaker, self._upload("/api/speakers/enroll", clips, fields))

    def status(self, meeting_id: str) -> MeetingStatus:
        return _read(MeetingStatus, self._call("GET", f"/api/meetings/{meeting_id}/status"))

    def results(self, meeting_id: str) -> Results:
        return _read(Results, self._call("GET", f"/api/meetings/{meeting_id}/results"))

    def results_as(self, meeting_id: str, layout: str) -> str:
        """The results in another format: `txt`, `md`, `json`, `srt`, `vtt`, `rttm`."""
        return self._call("GET", f"/api/meetings/{meeting_id}/results", params={"format": layout}).text

    def speaker(self, speaker_id: str) -> Speaker:
        return _read(Speaker, self._call("GET", f"/api/speakers/{speaker_id}"))

    def speakers(self) -> Iterator[Speaker]:
        return self._pages("/api/speakers", "speakers", Speaker)

    def meetings(self) -> Iterator[Meeting]:
        """All meetings, newest first; pages are fetched as they are read."""
        return self._pages("/api/meetings", "meetings", Meeting)

    def cancel(self, meeting_id: str) -> Cancellation:
        return _read(Cancellation, self._call("POST", f"/api/meetings/{meeting_id}/cancel"))

    def delete_meeting(self, meeting_id: str) -> MeetingReceipt:
        return _read(MeetingReceipt, self._call("DELETE", f"/api/meetings/{meeting_id}"))

    def delete_speaker(self, speaker_id: str) -> SpeakerReceipt:
        return _read(SpeakerReceipt, self._call("DELETE", f"/api/speakers/{speaker_id}"))

    def health(self) -> Health:
        """How it is; a gateway that is degraded says so and is no error."""
        return _read(Health, self._call("GET", "/health", expected=(503,)))

    def is_ready(self) -> bool:
        """True if the gateway takes requests."""
        try:
            return self._http.get("/ready").is_success
        except httpx.HTTPError:
            return False

    def _pages(self, path: str, field: str, model: type[A]) -> Iterator[A]:
        cursor: str | None = None
        while True:
            page = self._call("GET", path, params={"cursor": cursor} if cursor else {}).json()
            yield from TypeAdapter(list[model]).validate_python(page[field])  # type: ignore[valid-type]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def _upload(self, path: str, files: Sequence[Path], fields: Mapping[str, str | list[str]]) -> httpx.Response:
        with ExitStack() as stack, self._progress() as progress:
            parts: list[tuple[str, tuple[str, IO[bytes]]]] = [
                ("audio", (file.name, stack.enter_context(progress.open(file, "rb", description=file.name))))
                for file in files
            ]
            return self._call("POST", path, data=fields, files=parts, timeout=_UPLOAD_TIMEOUT)

    def _progress(self) -> Progress:
        columns = (TextColumn("uploading {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        return Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str | list[str]] | None = None,
        files: list[tuple[str, tuple[str, IO[bytes]]]] | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        expected: Collection[int] = (),
    ) -> httpx.Response:
        """`expected`: error statuses that are an answer all the same."""
        try:
            answer = self._http.request(method, path, params=params, data=data, files=files, timeout=timeout)
        except httpx.HTTPError as error:
            raise GatewayUnreachable(f"no gateway answers at {self.url}: {error}. Start one with `make up`") from error
        if answer.is_error and answer.status_code not in expected:
            raise GatewayRefused(_problem(answer))
        return answer


def _read(model: type[A], answer: httpx.Response) -> A:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise GatewayUnreachable(f"{answer.url} does not answer as a Hansard gateway does: {error}") from error


def _problem(answer: httpx.Response) -> Problem:
    try:
        return Problem.model_validate_json(answer.content)
    except ValidationError:
        return Problem(code="http_error", detail=f"{answer.url} answered {answer.status_code}")
