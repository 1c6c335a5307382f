"""Everything that a run is about has happened: a check of what never happened proves nothing."""

from collections.abc import Sequence

from chaos.clients import Clients
from chaos.deck import DECK_SIZE
from chaos.faults.fault import Fault
from chaos.strikes import Missed, Struck


def check_coverage(faults: Sequence[Fault], struck: Sequence[Struck], missed: Sequence[Missed]) -> list[str]:
    """Classes of faults that never struck."""
    happened = {one.name for one in struck}
    reasons = {one.name: one.reason for one in missed}
    return [
        f"the fault {fault.name} never happened: {reasons.get(fault.name, 'it was not scheduled')}"
        for fault in faults
        if fault.name not in happened
    ]


def check_deeds(clients: Clients) -> list[str]:
    """What clients never did, where they had a whole deck of it to do."""
    if clients.played < DECK_SIZE:
        return []
    requests = clients.ledger.requests
    happened = {
        "a repeated request was absorbed": any(one.absorbed for one in requests),
        "a meeting was cancelled": any(one.was_cancelled for one in requests),
        "something was deleted": any(one.was_deleted for one in requests),
        "a meeting was replayed": any(one.replays for one in requests),
        "an upload was broken off": len(clients.ledger.cut) > 0,
    }
    return [f"it never happened that {what}" for what, has in happened.items() if not has]
