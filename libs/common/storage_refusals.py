"""What it means when a store refuses, and what to do: with the names of bucket and variable, without any key."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from libs.common.errors import StorageUnavailable

POLICY = "docs/operations/object-store.md"
"""Where it says what keys must be allowed to do."""


class StorageRefused(StorageUnavailable):
    """The object store answered that it will not: the settings, or its own, are wrong."""


_REGION = "set AWS_REGION to the region of the bucket, and AWS_ENDPOINT_URL to an address of that region"
_SESSION = "the temporary keys are not valid (any more): renew AWS_SESSION_TOKEN with both keys, or remove it"
_CURES = {
    "AccessDenied": f"the keys may not do this: give them what {POLICY} lists",
    "AllAccessDisabled": "the bucket is closed: ask who runs the store",
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": _SESSION,
    "InvalidAccessKeyId": "the store does not know AWS_ACCESS_KEY_ID: correct it",
    "InvalidBucketName": "correct the bucket in OBJECT_STORE_URL",
    "InvalidToken": _SESSION,
    "NoSuchBucket": "create the bucket, or correct OBJECT_STORE_URL, AWS_ENDPOINT_URL or AWS_REGION",
    "PermanentRedirect": _REGION,
    "RequestTimeTooSkewed": "the clock of this machine is wrong: let NTP set it",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID: correct it",
    "TemporaryRedirect": _REGION,
}
_SIGNS = {
    "without LOCATION": "PermanentRedirect",
    "401 Unauthorized": "AccessDenied",
    "403 Forbidden": "AccessDenied",
}
"""What stands in for a code where an answer has no body."""

_ROLE_SERVICES = ("169.254.169.254", "169.254.170.2")
_CODE = re.compile(r"<Code>\s*(\w+)\s*</Code>")
_MESSAGE = re.compile(r"<Message>\s*([^<]*?)\s*</Message>")
_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]*@")


@contextmanager
def reported(place: str) -> Iterator[None]:
    """What went wrong in the store; only a caller that handles `FileNotFoundError` itself asked for an object.

    Elsewhere it is the upload or the bucket that is gone: a completed upload, too, if the answer to that was lost.
    """
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        raise failure(place, str(error)) from None  # what it answered can hold parts of what it was asked with


def failure(place: str, said: str) -> StorageUnavailable:
    """The error for what a client or a store said; `place` is the address of the store."""
    place = without_credentials(place)
    if any(address in said for address in _ROLE_SERVICES):
        cure = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role"
        return StorageUnavailable(f"no keys for the object store {place}: {cure}")
    code = code_of(said)
    if code in _CURES:
        message = _MESSAGE.search(said)
        reason = f"{code}: {message[1]}" if message else code
        return StorageRefused(f"the object store {place} refuses ({reason.rstrip('.')}); {_CURES[code]}")
    if "builder error" in said:
        cure = "an address without encryption needs AWS_ALLOW_HTTP=true"
        return StorageRefused(f"the address of the object store {place}, AWS_ENDPOINT_URL, cannot be used; {cure}")
    return StorageUnavailable(f"the object store {place} did not answer: {_in_one_line(said)}")


def code_of(said: str) -> str | None:
    """The code of S3 for a refusal, as far as there is one."""
    if found := _CODE.search(said):
        return found[1]
    return next((code for sign, code in _SIGNS.items() if sign in said), None)


def without_credentials(text: str) -> str:
    """A text whose addresses have no user and no password."""
    return _CREDENTIALS.sub("", text)


def _in_one_line(said: str) -> str:
    """Without how Rust prints an error for debugging, and of an answer in XML only what it says."""
    line, _, _ = said.partition("\n")
    line, is_xml, _ = line.partition("<?xml")
    if is_xml:
        line += ": ".join(found[1] for found in (_CODE.search(said), _MESSAGE.search(said)) if found)
    return without_credentials(line)
