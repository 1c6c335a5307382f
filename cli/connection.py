"""A connection to a gateway: every call answers, or raises what to tell the person at the terminal."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from cli.answers.answer import Answer, Problem
from cli.errors import GatewayRefused, GatewayUnreachable, KeyRefused
from cli.patience import Patience
from cli.settings import read_client_settings

A = TypeVar("A", bound=Answer)

_TIMEOUT = httpx.Timeout(10.0, read=60.0, write=60.0)
_UPLOAD_TIMEOUT = httpx.Timeout(10.0, read=300.0, write=300.0)


class Connection:
    """HTTP to one gateway, for as long as the context lasts."""

    def __init__(self, url: str, console: Console, *, until: float = math.inf) -> None:
        """The environment's API key, if there is one, goes with every call.

        Args:
            url: The gateway's address.
            console: Shows the progress of uploads, and what is waited for.
            until: When waiting for a gateway that is busy is to end, by the monotonic clock.

        Raises:
            CommandFailed: What the environment says is no key.
        """
        self.url = url.rstrip("/")
        self._console = console
        self._until = until
        key = read_client_settings().hansard_api_key
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self.http = httpx.Client(base_url=self.url, timeout=_TIMEOUT, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def pages(
        self, path: str, field: str, model: type[A], *, params: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[A]:
        """All items of a list, whose pages are fetched as they are read."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params={**params, **({"cursor": cursor} if cursor else {})}).json()
            yield from TypeAdapter(list[model]).validate_python(page[field])  # type: ignore[valid-type]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def upload(self, path: str, files: Sequence[Path], fields: Mapping[str, str | list[str]]) -> httpx.Response:
        """Send files with form fields, streamed from the disk."""
        with ExitStack() as stack, self._progress() as progress:
            parts: list[tuple[str, tuple[str, IO[bytes]]]] = [
                ("audio", (file.name, stack.enter_context(progress.open(file, "rb", description=file.name))))
                for file in files
            ]
            return self.call("POST", path, data=fields, files=parts, timeout=_UPLOAD_TIMEOUT)

    def download(self, path: str, target: IO[bytes], *, params: Mapping[str, str]) -> None:
        """Write an answer of any size to a file.

        Raises:
            GatewayUnreachable, GatewayRefused: There is no such answer, or it broke off.
        """
        try:
            with self.http.stream("GET", path, params=params) as answer:
                if answer.is_error:
                    answer.read()
                    raise refused(answer)
                for chunk in answer.iter_bytes():
                    target.write(chunk)
        except httpx.HTTPError as error:
            raise GatewayUnreachable(f"the gateway at {self.url} does not answer, or no longer: {error}") from error

    def _progress(self) -> Progress:
        columns = (TextColumn("uploading {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        return Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        data: Mapping[str, str | list[str]] | None = None,
        files: list[tuple[str, tuple[str, IO[bytes]]]] | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        expected: Collection[int] = (),
    ) -> httpx.Response:
        """One request, repeated while the gateway asks to wait. `expected`: error statuses that are an answer.

        Raises:
            GatewayUnreachable, GatewayRefused: There is no such answer.
        """
        patience = Patience(self._console, until=self._until)
        try:
            while True:
                answer = self.http.request(
                    method, path, params=params, json=json, data=data, files=files, timeout=timeout
                )
                if not patience.waits(answer):
                    break
                for _, (_, file) in files or ():
                    file.seek(0)
        except httpx.HTTPError as error:
            raise GatewayUnreachable(nobody_answers(self.url, error)) from error
        if answer.is_error and answer.status_code not in expected:
            raise refused(answer)
        return answer


def read(model: type[A], answer: httpx.Response) -> A:
    """The typed answer.

    Raises:
        GatewayUnreachable: Something else than a gateway answered.
    """
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise GatewayUnreachable(f"{answer.url} does not answer as a Hansard gateway does: {error}") from error


def nobody_answers(url: str, error: Exception) -> str:
    """What is wrong where no gateway is, and what to do."""
    cure = "Start one with `make up`, or say where it is: --gateway URL or HANSARD_GATEWAY"
    return f"no gateway answers at {url}: {error}. {cure}"


def refused(answer: httpx.Response) -> GatewayRefused:
    """What the gateway said when it refused."""
    try:
        problem = Problem.model_validate_json(answer.content)
        return KeyRefused(problem) if problem.code == KeyRefused.problem_code else GatewayRefused(problem)
    except ValidationError:
        return GatewayRefused(Problem(code="http_error", detail=f"{answer.url} answered {answer.status_code}"))
