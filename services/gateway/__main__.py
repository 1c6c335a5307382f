"""`python -m services.gateway`: the API and the work behind it.

`… migrate` brings the database to its schema, `… keys` makes and revokes API keys.
"""

import asyncio
import sys

import structlog
import uvicorn

from libs.common.command_line import command_of, take_no_options
from libs.common.doctor.command import doctor
from libs.common.errors import PipelineError
from libs.common.service import refusal, stop_signal
from libs.common.settings import read_settings, warn_of_misspelt
from libs.common.status.server import QuietServer, address_of, listening_socket
from libs.common.telemetry import configure_logs, guard_output
from services.gateway import migrate
from services.gateway.app import create_app
from services.gateway.doctor import checks
from services.gateway.draining import FORCED_AFTER
from services.gateway.gateway import Gateway
from services.gateway.keys.commands import keys, store_given_key
from services.gateway.serving import running_gateway
from services.gateway.settings import GatewaySettings

_COMMANDS = {
    "doctor": "look at what this service needs; change nothing",
    "keys": "make, list and revoke API keys",
    "migrate": "bring the database to the schema of this release, and store the key in HANSARD_API_KEY",
}

_log = structlog.get_logger(__name__)


def main(arguments: list[str]) -> int:
    """Serve, migrate or manage keys; says in one line why not, with the status `REFUSED` if the settings are why."""
    guard_output()
    command, options = command_of("gateway", _COMMANDS, arguments), arguments[1:]
    if command == "doctor":
        return doctor("gateway", GatewaySettings, checks, options)
    if command == "migrate":
        take_no_options("gateway", "migrate", _COMMANDS["migrate"], options)
    try:
        settings = read_settings(GatewaySettings)
        stream = sys.stderr if command == "keys" else sys.stdout
        configure_logs("gateway", level=settings.log_level, style=settings.log_format, stream=stream)
        warn_of_misspelt(GatewaySettings)
        match command:
            case None:
                asyncio.run(_serve(settings))
            case "migrate":
                _migrate(settings)
            case "keys":
                return keys(options, settings.postgres_url)
    except PipelineError as error:
        line, status = refusal("gateway", error)
        sys.stderr.write(line)
        return status
    return 0


def _migrate(settings: GatewaySettings) -> None:
    _log.info("database migrated", applied=migrate.apply(settings.postgres_url))
    if settings.hansard_api_key is not None:
        store_given_key(settings.hansard_api_key.get_secret_value(), settings.postgres_url)


async def _serve(settings: GatewaySettings) -> None:
    stopped = stop_signal()
    async with running_gateway(settings) as gateway:
        server = _server(gateway, settings)
        stopping = asyncio.create_task(_stop(server, gateway, stopped))
        listening = listening_socket(settings.host, settings.port)
        _log.info("gateway listens", address=address_of(listening))
        await server.serve(sockets=[listening])
        stopping.cancel()


async def _stop(server: uvicorn.Server, gateway: Gateway, stopped: asyncio.Event) -> None:
    await stopped.wait()
    gateway.stop()
    server.should_exit = True


def _server(gateway: Gateway, settings: GatewaySettings) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(gateway),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.grace) + FORCED_AFTER,
    )
    return QuietServer(config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
