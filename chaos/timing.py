"""How fast everything goes in a chaos run, in seconds: the defaults of the product, made shorter."""

LEASE = 2.0
RECONCILE_AGE = 3.0
RECONCILE_PERIOD = 1.0
RECOVERY = 2 * LEASE + RECONCILE_AGE + RECONCILE_PERIOD
"""How long a unit may wait past the end of a fault; its own work and the queue before it come on top."""

GRACE = 3.0
STOPPED = (1.5 * LEASE, 2.5 * LEASE)
"""A process that is stopped stays so for longer than its lease, and not as long as `SWEEP_AGE`."""

SWEEP_AGE = 8.0
UPLOAD_AGE = 12.0

STALL_LIMIT = 4.0
"""Of an engine's process that says nothing; its start counts."""

WORK = 0.2
"""What a unit takes in an engine, on a machine that has nothing else to do."""
