"""A gateway, as this program talks to it about meetings and speakers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

from cli.answers.health import Health
from cli.answers.meetings import AcceptedMeeting, Cancellation, Meeting, MeetingReceipt, MeetingStatus
from cli.answers.results import Results
from cli.answers.speakers import AcceptedSpeaker, Reembedding, Speaker, SpeakerReceipt
from cli.connection import Connection, read

_PATIENT = httpx.Timeout(10.0, read=600.0)
"""For a request that begins a run for each sample."""


class Gateway(Connection):
    """Every call answers with a typed value."""

    def process(self, recording: Path, options: Mapping[str, str | list[str]]) -> AcceptedMeeting:
        """Hand in a recording, streamed from the disk."""
        return read(AcceptedMeeting, self.upload("/api/meetings/process", [recording], options))

    def enroll(self, name: str, clips: Sequence[Path], consent: str | None) -> AcceptedSpeaker:
        """Hand in enrolment clips of one person."""
        fields: dict[str, str | list[str]] = {"name": name}
        if consent is not None:
            fields["consent"] = consent
        return read(AcceptedSpeaker, self.upload("/api/speakers/enroll", clips, fields))

    def status(self, meeting_id: str, run_id: str | None = None) -> MeetingStatus:
        """Of one run; otherwise of the current one."""
        return read(MeetingStatus, self.call("GET", f"/api/meetings/{meeting_id}/status", params=_of_run(run_id)))

    def results(self, meeting_id: str, run_id: str | None = None) -> Results:
        """Of one run; otherwise of the current one."""
        return read(Results, self.call("GET", f"/api/meetings/{meeting_id}/results", params=_of_run(run_id)))

    def results_as(self, meeting_id: str, layout: str, run_id: str | None = None) -> str:
        """The results in another format: `txt`, `md`, `json`, `srt`, `vtt`, `rttm`."""
        params = {"format": layout, **_of_run(run_id)}
        return self.call("GET", f"/api/meetings/{meeting_id}/results", params=params).text

    def speaker(self, speaker_id: str) -> Speaker:
        return read(Speaker, self.call("GET", f"/api/speakers/{speaker_id}"))

    def speakers(self) -> Iterator[Speaker]:
        return self.pages("/api/speakers", "speakers", Speaker)

    def reembed(self, speaker_ids: Sequence[str]) -> Reembedding:
        """Let the model in use embed what it lacks of these speakers, otherwise of all."""
        wish = {"speakers": list(speaker_ids)} if speaker_ids else {}
        return read(Reembedding, self.call("POST", "/api/speakers/re-embed", json=wish, timeout=_PATIENT))

    def meetings(self) -> Iterator[Meeting]:
        """All meetings, newest first; pages are fetched as they are read."""
        return self.pages("/api/meetings", "meetings", Meeting)

    def cancel(self, meeting_id: str, run_id: str | None = None) -> Cancellation:
        """Of one run; otherwise of the current one."""
        return read(Cancellation, self.call("POST", f"/api/meetings/{meeting_id}/cancel", params=_of_run(run_id)))

    def delete_meeting(self, meeting_id: str) -> MeetingReceipt:
        return read(MeetingReceipt, self.call("DELETE", f"/api/meetings/{meeting_id}"))

    def delete_speaker(self, speaker_id: str) -> SpeakerReceipt:
        return read(SpeakerReceipt, self.call("DELETE", f"/api/speakers/{speaker_id}"))

    def health(self) -> Health:
        """How it is; a gateway that is degraded says so and is no error."""
        return read(Health, self.call("GET", "/health", expected=(503,)))

    def failures(self) -> Sequence[str]:
        """What is wrong, if work stands still: a line that only lacks an idle worker has none."""
        answer = self.call("GET", "/health", expected=(503,))
        return read(Health, answer).problems if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else ()

    def is_ready(self) -> bool:
        """True if the gateway takes requests."""
        try:
            return self.http.get("/ready").is_success
        except httpx.HTTPError:
            return False


def _of_run(run_id: str | None) -> dict[str, str]:
    return {"run": run_id} if run_id else {}
