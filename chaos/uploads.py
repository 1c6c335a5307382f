"""Uploads that stop half way."""

import asyncio
from urllib.parse import urlsplit

from chaos.inputs import Upload

_BOUNDARY = "chaos-boundary"


async def begin_upload(gateway: str, filename: str, upload: Upload, *, key: str | None) -> asyncio.StreamWriter:
    """Send the first half of a meeting's upload; the rest is up to the caller."""
    address = urlsplit(gateway)
    body = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="audio"; filename="{filename}"\r\n\r\n'.encode()
        + upload.content
        + f"\r\n--{_BOUNDARY}--\r\n".encode()
    )
    head = [
        "POST /api/meetings/process HTTP/1.1",
        f"Host: {address.netloc}",
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}",
        f"Content-Length: {len(body)}",
        *([f"Idempotency-Key: {key}"] if key else []),
    ]
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write("\r\n".join([*head, "", ""]).encode() + body[: len(body) // 2])
    await writer.drain()
    return writer
