"""Commands about the line itself."""

from cli.client import Gateway
from cli.commands.reporting import console, errors, print_json, reports_failures
from cli.errors import HealthDegraded
from cli.options import DEFAULT_GATEWAY, AsJson, GatewayUrl
from cli.show import show_health


@reports_failures
def health(gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """Show the gateway's dependencies and the stages of the line; fails if something is wrong."""
    with Gateway(gateway_url, errors) as gateway:
        current = gateway.health()
        if not as_json:
            show_health(console, current)
        if current.status != "ok":
            raise HealthDegraded("; ".join(current.problems) or current.status, current)
        if as_json:
            print_json(current)
