"""Whose things a request is about."""

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.gateway.keys.door import caller_of

_DESCRIBED = HTTPBearer(
    scheme_name="api_key",
    description="Made with `python -m services.gateway keys create NAME`. A gateway that listens only on its own "
    "machine asks for none.",
    auto_error=False,
)
"""Says in the OpenAPI description what the door asks for; it checks nothing itself."""


async def workspace(
    request: Request, _described: Annotated[HTTPAuthorizationCredentials | None, Security(_DESCRIBED)]
) -> str:
    """The workspace of the caller's key."""
    return caller_of(request.scope).workspace
