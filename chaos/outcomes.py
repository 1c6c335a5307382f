"""What a run came to, in numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence

from chaos.evidence import Evidence
from chaos.invariants.processes import LogLine
from chaos.ledger import Ledger


def count_outcomes(ledger: Ledger, evidence: Evidence, lines: Sequence[LogLine]) -> Mapping[str, int]:
    """What the report shows, in order."""
    statuses = Counter(run.status for run in evidence.runs.values())
    said = Counter(str(line.fields.get("message")) for line in lines)
    settled = Counter(str(line.fields.get("settled")) for line in lines if line.fields.get("message") == "stage done")
    return {
        "meetings accepted": len(ledger.accepted("meeting")),
        "samples accepted": len(ledger.accepted("speaker")),
        **{f"runs {status}": count for status, count in sorted(statuses.items())},
        "meetings and speakers deleted": sum(one.was_deleted for one in ledger.requests),
        "replays": sum(len(one.replays) for one in ledger.requests),
        "requests sent again": sum(one.asked - 1 for one in ledger.requests if one.asked),
        "of these absorbed by their key": sum(one.absorbed for one in ledger.requests),
        "uploads broken off": len(ledger.cut),
        "units settled": settled["published"],
        "settled again without effect": settled["settled"],
        "inputs that the reconciler put back": said["put back an input that Redis had lost"],
        "second outcomes refused": said["another worker's outcome was there first"],
        "failed attempts": said["attempt failed"],
        "postponements": said["postponed"],
        "units given up": said["gave up"],
    }
