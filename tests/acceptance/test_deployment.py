"""Each service from its own folder and `libs/common` alone: installed as its Dockerfile says, and started."""

from pathlib import Path

import pytest

from scripts.deployment.building import SETTINGS, Built, build_all, start_commands, try_each
from scripts.deployment.service_files import services
from scripts.deployment.trial import TrialFailed, try_out

pytestmark = pytest.mark.xdist_group("images")
"""Whoever runs tests side by side: all of these in one process, or each builds all images again."""

NAMES = [service.name for service in services()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """All five, side by side; the environment of each has only its own requirements."""
    folder = tmp_path_factory.mktemp("images")
    return {one.service.name: one for one in build_all(services(), folder, {})}


@pytest.fixture
def settings(redis_url: str, empty_postgres_url: str, tmp_path: Path) -> dict[str, str]:
    """The variables that a platform gives, with real servers behind them."""
    (tmp_path / "objects").mkdir()
    return {
        **SETTINGS,
        "REDIS_URL": redis_url,
        "POSTGRES_URL": empty_postgres_url,
        "OBJECT_STORE_URL": (tmp_path / "objects").as_uri(),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_service_comes_up_from_its_own_files_and_ends_when_told(
    built: dict[str, Built], settings: dict[str, str], name: str
) -> None:
    ready_after = try_each(built[name], settings)
    assert set(ready_after) == set(start_commands(built[name]))
    assert ("railway.toml" in ready_after) == (name == "gateway")


def test_no_image_has_what_only_another_needs(built: dict[str, Built]) -> None:
    for name, one in built.items():
        assert {folder.name for folder in (one.image.root / "app" / "services").iterdir()} == {"__init__.py", name}
        packages = {folder.name for folder in (one.image.root / "opt/venv/lib").glob("python*/site-packages/*")}
        assert "pip" not in packages
        assert ("psycopg" in packages) == (name == "gateway")
        assert ("pocketsphinx" in packages) == (name == "transcriber")


def test_a_service_that_cannot_start_is_not_taken_for_one_that_can(
    built: dict[str, Built], settings: dict[str, str]
) -> None:
    wrong = {**settings, "SUMMARIZER_ENGINE": "nobody"}
    with pytest.raises(TrialFailed, match="SUMMARIZER_ENGINE"):
        try_out(built["summarizer"].image, built["summarizer"].image.command, wrong, grace=1)
