"""What the gateway is compared with: handlers that bring the same body to the disk and do nothing else."""

import os
import shutil
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, UploadFile
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

RAW, FORM = "/raw", "/form"


def create_app(folder: Path) -> Starlette:
    """An application that keeps bodies in `folder`: a handler of Starlette alone, and one of FastAPI."""

    async def write_body(request: Request) -> JSONResponse:
        """The body as it arrives, boundaries and all: no less can be done."""
        path = _new_file(folder)
        with path.open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
        return JSONResponse({"name": path.name}, status_code=202)

    return Starlette(routes=[Route(RAW, write_body, methods=["POST"]), Mount("/", _form_app(folder))])


def _form_app(folder: Path) -> FastAPI:
    app = FastAPI()

    @app.post(FORM, status_code=202)
    async def write_file(audio: UploadFile) -> dict[str, str]:
        """As FastAPI's documentation shows it: spooled while it is parsed, then copied."""
        path = _new_file(folder)
        with path.open("wb") as file:
            await run_in_threadpool(shutil.copyfileobj, audio.file, file, 1024 * 1024)
        return {"name": path.name}

    return app


def _new_file(folder: Path) -> Path:
    return folder / os.urandom(8).hex()


def main() -> None:
    """`python -m scripts.bench_load.bare FOLDER PORT`, on the loopback interface, as the gateway is served."""
    folder, port = sys.argv[1:]
    uvicorn.run(create_app(Path(folder)), host="127.0.0.1", port=int(port), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
