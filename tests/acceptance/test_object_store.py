"""The whole line over S3: the same result, and nothing is left once all is deleted."""

import json
from pathlib import Path

from cli.enrolment import wait_for_enrolment
from tests.acceptance.conftest import SHORT, running, wait_for_end, wait_until
from tests.object_stores import Bucket


def test_a_meeting_goes_through_the_line_and_leaves_nothing_once_it_is_deleted(bucket: Bucket, tmp_path: Path) -> None:
    manifest = json.loads((SHORT / "manifest.json").read_text())
    settings = {**bucket.environment, "RECONCILE_PERIOD": "0.5", "SWEEP_AGE": "0.5"}
    with running(tmp_path / "home", **settings) as hansard, hansard.gateway as gateway:
        for person in manifest["speakers"]:
            clips = [SHORT / clip for clip in person["clips"]]
            wait_for_enrolment(gateway, gateway.enroll(person["name"], clips, "synthetic").speaker_id)
        accepted = gateway.process(SHORT / manifest["meeting"], {"title": manifest["title"]})
        assert wait_for_end(hansard, gateway, accepted.meeting_id).status == "completed", hansard.log()
        results = gateway.results(accepted.meeting_id)
        assert {one.name for one in results.speakers} == {"Mark", None}
        assert all(one.text for one in results.utterances)
        assert [key for key in bucket.keys if accepted.meeting_id in key]

        gateway.delete_meeting(accepted.meeting_id)
        for speaker in list(gateway.speakers()):
            gateway.delete_speaker(speaker.speaker_id)
        wait_until(lambda: _left(bucket) == set(), timeout=60, otherwise=lambda: f"{_left(bucket)}\n{hansard.log()}")
        assert bucket.unfinished == []
    assert not (tmp_path / "home" / "objects").exists()


def _left(bucket: Bucket) -> set[str]:
    """Keys of objects, without what every store has: the probe, and who is enrolled (nobody any more)."""
    return {key for key in bucket.keys if not key.startswith(("objects/probes/", "objects/galleries/"))}
