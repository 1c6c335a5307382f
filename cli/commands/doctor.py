"""The command that looks at everything and says what to do."""

import asyncio

import typer

from cli.commands.reporting import errors, reports_failures
from cli.options import AsJson, GatewayElsewhere
from cli.pipeline_client import PipelineGateway


@reports_failures
def doctor(
    gateway_url: GatewayElsewhere = None,
    as_json: AsJson = False,
) -> None:
    """Look at settings, servers, models and this machine, and say what to do; fails if something is wrong."""
    from cli.doctor.examination import examine  # noqa: PLC0415  # needs the local profile; a gateway elsewhere does not
    from cli.doctor.remote import remote_report  # noqa: PLC0415
    from cli.doctor.show import as_json as written  # noqa: PLC0415
    from cli.doctor.show import merged  # noqa: PLC0415
    from cli.settings import read_local_settings  # noqa: PLC0415

    if gateway_url is not None:
        with PipelineGateway(gateway_url, errors) as gateway:
            reports = [remote_report(gateway)]
    else:
        reports = list(asyncio.run(examine(read_local_settings())))
    typer.echo(written(reports) if as_json else merged(reports))
    if any(one.has_problem for one in reports):
        raise typer.Exit(1)
