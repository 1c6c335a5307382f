"""What the gateway's doctor sees of Postgres."""

from collections.abc import Mapping

import psycopg
import pytest

from libs.common.doctor.checking import examined
from libs.common.doctor.finding import Finding
from services.gateway.doctor import checks
from services.gateway.settings import GatewaySettings


async def found(**settings: object) -> Mapping[str, Finding]:
    return {one.subject: one for one in await examined(checks(GatewaySettings.model_validate(settings)))}


async def test_a_migrated_database_is_in_order(postgres_url: str) -> None:
    findings = await found(postgres_url=postgres_url)
    subjects = {"postgres", "postgres clock", "postgres version", "postgres connections", "migrations", "api keys"}
    assert subjects <= set(findings)
    assert {findings[one].level for one in subjects} == {"ok"}


async def test_a_database_without_our_tables_is_found_out(empty_postgres_url: str) -> None:
    finding = (await found(postgres_url=empty_postgres_url))["migrations"]
    assert (finding.level, finding.cure) == ("problem", "run python -m services.gateway migrate")


async def test_missing_and_newer_migrations_are_named(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute(
            "UPDATE _yoyo_migration SET migration_id = '9999.later' WHERE migration_id = '0005.references'"
        )
    checked = checks(GatewaySettings(postgres_url=postgres_url))
    findings = [one for one in await examined(checked) if one.subject == "migrations"]
    assert [one.level for one in findings] == ["problem", "warning"]
    assert "0005.references" in findings[0].what
    assert "9999.later" in findings[1].what


async def test_a_gateway_for_others_without_a_key_lets_nobody_in(postgres_url: str) -> None:
    assert (await found(postgres_url=postgres_url, host="0.0.0.0"))["api keys"].level == "problem"


async def test_too_few_connections_are_warned_of(postgres_url: str) -> None:
    findings = await found(postgres_url=postgres_url, postgres_connections=5000)
    assert findings["postgres connections"].level == "warning"


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/none", "postgresql://127.0.0.1:1/none?sslmode=perhaps"])
async def test_a_server_that_is_away_is_a_problem(url: str) -> None:
    assert (await found(postgres_url=url))["postgres"].level == "problem"
