"""All classes of faults."""

from collections.abc import Sequence

from chaos.faults.fault import Fault
from chaos.faults.network import network_faults
from chaos.faults.poison import poison_faults
from chaos.faults.postgres import postgres_faults
from chaos.faults.processes import process_faults
from chaos.faults.redis import redis_faults
from chaos.faults.store import store_faults


def all_faults() -> Sequence[Fault]:
    """In the order of the report."""
    return [
        *process_faults(),
        *poison_faults(),
        *redis_faults(),
        *network_faults(),
        *postgres_faults(),
        *store_faults(),
    ]
