"""`python -m chaos.store PORT SEED`: serve the store until a signal ends it."""

import random
import sys

from aiohttp import web

from chaos.store.faults import CONTROL, Handler, StoreFaults, StoreState, Unreliable
from chaos.store.objects import Objects
from chaos.store.s3 import S3

_LARGEST_BODY = 2**30


def main(port: int, seed: int) -> None:
    """Serve; `CONTROL` changes and shows what goes wrong."""
    objects, unreliable = Objects(), Unreliable(random.Random(seed))

    @web.middleware
    async def pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await unreliable.pass_on(request, handler)

    async def show(request: web.Request) -> web.Response:
        state = StoreState(struck=unreliable.struck, objects=len(objects.found), uploads=len(objects.uploads))
        return web.Response(text=state.model_dump_json())

    async def change(request: web.Request) -> web.Response:
        unreliable.faults = StoreFaults.model_validate_json(await request.text())
        return web.Response()

    store = web.Application(client_max_size=_LARGEST_BODY, middlewares=[pass_on])
    store.add_routes([web.get(CONTROL, show), web.put(CONTROL, change), *S3(objects).routes()])
    web.run_app(store, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
