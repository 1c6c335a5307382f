"""Whose things a request is about."""

DEFAULT_WORKSPACE = "default"


async def workspace() -> str:
    """The workspace of the caller; there is one until keys are handed out."""
    return DEFAULT_WORKSPACE
