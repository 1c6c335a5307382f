"""Tools that others keep, run on the files that they know."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_SCHEMAS = Path(__file__).parent / "schemas"
_TOOLS = Path(sys.executable).parent
_KUBERNETES = "deploy/kubernetes/**/*.yaml"


def lint(root: Path) -> Iterator[str]:
    """What hadolint, check-jsonschema and kubernetes-validate find."""
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda command: _faults(root, command), _commands(root)):
            yield from found


def keda_objects(root: Path) -> list[Path]:
    """The manifests of KEDA's own kinds."""
    return [one for one in sorted(root.glob(_KUBERNETES)) if "apiVersion: keda.sh/" in one.read_text("utf-8")]


def plain_objects(root: Path) -> list[Path]:
    """The manifests that Kubernetes itself knows."""
    others = {*keda_objects(root), *root.glob("deploy/kubernetes/**/kustomization.yaml")}
    return [one for one in sorted(root.glob(_KUBERNETES)) if one not in others]


def _commands(root: Path) -> list[list[str]]:
    railway = _SCHEMAS / "railway.schema.json"
    keda = _SCHEMAS / "keda.schema.json"
    return [
        _command("hadolint", root.glob("services/*/Dockerfile")),
        _command(
            "check-jsonschema", [root / "railway.toml", *root.glob("services/*/railway.toml")], "--schemafile", railway
        ),
        _command("check-jsonschema", keda_objects(root), "--schemafile", keda),
        _command("check-jsonschema", root.glob("docker-compose*.yml"), "--builtin-schema", "vendor.compose-spec"),
        _command("check-jsonschema", root.glob(".github/workflows/*"), "--builtin-schema", "vendor.github-workflows"),
        _command("kubernetes-validate", plain_objects(root), "--strict", "--quiet"),
    ]


def _command(tool: str, files: Iterator[Path] | Sequence[Path], *options: str | Path) -> list[str]:
    return [str(_TOOLS / tool), *map(str, options), *map(str, sorted(files))]


def _faults(root: Path, command: list[str]) -> list[str]:
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    if ran.returncode == 0:
        return []
    return [f"{Path(command[0]).name}: {line}" for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
