"""Which gateways ask for keys: all that somebody can reach from elsewhere."""

import pytest

from services.gateway.settings import GatewaySettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_its_own_machine_a_gateway_asks_for_no_key_unless_it_is_told_to(host: str) -> None:
    assert not GatewaySettings(host=host).is_key_required
    assert GatewaySettings(host=host, require_api_key=True).is_key_required


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "gateway", "localhost.example.org", "::ffff:192.0.2.7"])
@pytest.mark.parametrize("wish", [False, True])
def test_a_gateway_that_can_be_reached_asks_for_keys_whatever_it_is_told(host: str, wish: bool) -> None:
    assert GatewaySettings(host=host, require_api_key=wish).is_key_required
