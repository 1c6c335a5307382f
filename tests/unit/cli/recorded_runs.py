"""What a gateway says about the three runs of one meeting."""

from tests.unit.cli.recorded_gateway import MEETING, RESULTS, STATUS

FIRST = "1a2b3c4d-0000-4000-8000-000000000001"
SECOND = "1a2b3c4d-0000-4000-8000-000000000002"
THIRD = "9f8e7d6c-0000-4000-8000-000000000003"


def _run(run_id: str, **more: object) -> dict[str, object]:
    plain = {
        "run_id": run_id,
        "status": "completed",
        "is_current": False,
        "origin_run_id": None,
        "from_stage": None,
        "settings": {"diarizer.max_speakers": None, "transcriber.language": "en"},
        "personas": ["executive"],
        "created_at": "2026-01-05T10:00:00Z",
        "ended_at": "2026-01-05T10:01:00Z",
        "error": None,
    }
    return plain | more


RUNS = {
    "runs": [
        _run(
            THIRD,
            origin_run_id=SECOND,
            from_stage="summarize",
            status="failed",
            personas=["engineer"],
            settings={"diarizer.max_speakers": 4, "transcriber.language": None},
            error={"code": "engine_crashed", "message": "it died", "stage": "summarize"},
        ),
        _run(
            SECOND,
            origin_run_id=FIRST,
            from_stage="diarize",
            is_current=True,
            settings={"diarizer.max_speakers": 4, "transcriber.language": "en"},
        ),
        _run(FIRST),
    ]
}

_ANA = {"label": "SPEAKER_00", "name": "Ana", "score": 0.91, "reason": "matched", "speech_seconds": 12.0}
_NOBODY = {"label": "SPEAKER_02", "name": None, "score": 0.41, "reason": "below_threshold", "speech_seconds": 3.0}
_NONE: dict[str, object] = {"unchanged": 0, "changed": [], "gone": [], "added": []}

COMPARISON = {
    "meeting_id": MEETING,
    "before": {"run_id": FIRST, "status": "completed"},
    "after": {"run_id": SECOND, "status": "processing"},
    "turns": {
        "collar": 0.25,
        "errors": {"speech": 60.0, "missed": 0.5, "false_alarm": 1.5, "confusion": 4.0, "der": 0.1},
        "differences": [
            {"start": 12.34, "end": 16.34, "before": ["SPEAKER_00"], "after": ["SPEAKER_02"]},
            {"start": 3661.0, "end": 3662.5, "before": [], "after": ["SPEAKER_00", "SPEAKER_02"]},
        ],
    },
    "speakers": [
        {"before": _ANA, "after": _ANA, "shared_seconds": 11.0, "is_changed": False},
        {"before": None, "after": _NOBODY, "shared_seconds": 0.0, "is_changed": True},
    ],
    "words": {
        "errors": {"words": 40, "substitutions": 1, "deletions": 0, "insertions": 1, "errors": 2, "rate": 0.05},
        "differences": [
            {
                "start": 1.0,
                "end": 2.0,
                "pieces": [
                    {"change": "equal", "before": "We [ship] on", "after": "we [ship] on"},
                    {"change": "substitution", "before": "Friday", "after": "Monday"},
                    {"change": "insertion", "before": "", "after": "morning"},
                ],
            }
        ],
    },
    "minutes": {
        "executive": {
            "is_summary_changed": True,
            "parts": {
                "decisions": _NONE,
                "action_items": {
                    "unchanged": 2,
                    "changed": [
                        {
                            "before": {"text": "Tell the press", "assignee": "Ana", "start": 1.0},
                            "after": {"text": "Tell the press", "assignee": None, "due": "2026-01-09", "start": 4.0},
                        }
                    ],
                    "gone": [{"text": "Buy tea", "assignee": "Ben", "due_text": "soon", "start": None}],
                    "added": [{"text": "Book a room", "start": 75.34}],
                },
            },
        }
    },
    "engines": {
        "diarize": {"before": {"name": "embedded"}, "after": {"name": "pyannote", "models": {"pipeline": "3.1"}}}
    },
    "settings": {"diarizer.max_speakers": {"before": None, "after": 4}},
    "missing": [
        {"run_id": SECOND, "part": "minutes", "message": "the run is processing and has no minutes for engineer"},
    ],
}  # fmt: skip

ANSWERS: dict[str, tuple[int, object]] = {
    f"/api/meetings/{MEETING}/runs": (200, RUNS),
    f"/api/meetings/{MEETING}/replay": (202, {"meeting_id": MEETING, "run_id": THIRD}),
    f"/api/meetings/{MEETING}/runs/current": (200, RUNS["runs"][1]),
    f"/api/meetings/{MEETING}/status?run={THIRD}": (200, STATUS),
    f"/api/meetings/{MEETING}/status?run={FIRST}": (200, STATUS | {"status": "cancelled"}),
    f"/api/meetings/{MEETING}/results?run={THIRD}": (200, RESULTS),
    f"/api/meetings/{MEETING}/results?format=json&run={THIRD}": (200, RESULTS),
    f"/api/meetings/{MEETING}/results?run={FIRST}": (200, RESULTS | {"title": "Before"}),
}
for _pair in ((FIRST, SECOND), (SECOND, THIRD), (SECOND, FIRST)):
    _address = f"/api/meetings/{MEETING}/runs/compare?before={_pair[0]}&after={_pair[1]}"
    ANSWERS |= {f"{_address}&collar={collar}": (200, COMPARISON) for collar in ("0.0", "0.25")}
