"""Dockerfiles, and what a build may copy."""

from pathlib import Path

import pytest

from scripts.deployment.dockerfile import read_stages
from scripts.deployment.ignored import Context
from scripts.deployment.workshop import StepFailed, Workshop

_DOCKERFILE = """\
FROM python:3.11 AS first
ARG SIZE=small
WORKDIR /build
COPY *.txt ./
RUN cat kept.txt > /opt/made && echo "$SIZE" \\
    >> /opt/made

FROM python:3.11
RUN useradd --uid 1 somebody && install -d -o somebody /var/lib/hansard/scratch
ENV PATH=/opt/bin:$PATH KIND=plain
WORKDIR /app
COPY --from=first /opt /opt
COPY code code
HEALTHCHECK --interval=5s CMD ["true"]
CMD ["cat", "code/main.py"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A folder with a Dockerfile, what it copies, and what it must not."""
    root = tmp_path / "context"
    (root / "code" / "__pycache__").mkdir(parents=True)
    for name in ("kept.txt", "left.txt", "code/main.py", "code/README.md", "code/__pycache__/main.pyc"):
        (root / name).write_text(f"{name}\n")
    (root / ".dockerignore").write_text("**\n!kept.txt\n!code/**\n**/__pycache__\n**/README.md\n")
    (root / "Dockerfile").write_text(_DOCKERFILE)
    return root


def test_what_is_ignored_is_not_copied(context: Path) -> None:
    files = Context(context)
    assert [str(one) for one in files.files("*.txt")] == ["kept.txt"]
    assert [str(one) for one in files.files("code")] == ["code/main.py"]


def test_a_command_that_fails_ends_the_build_with_what_it_said(context: Path, tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="opt/made"):  # nobody has made /opt
        Workshop(context, tmp_path / "work", lambda _: None).build(read_stages(context / "Dockerfile"), {})


def test_arguments_environment_and_stages_come_together(context: Path, tmp_path: Path) -> None:
    text = _DOCKERFILE.replace("RUN cat", "RUN mkdir -p /opt && cat")
    (context / "Dockerfile").write_text(text)
    said: list[str] = []
    image = Workshop(context, tmp_path / "work", said.append).build(
        read_stages(context / "Dockerfile"), {"SIZE": "large"}
    )
    assert (image.root / "opt" / "made").read_text() == "kept.txt\nlarge\n"
    assert image.environment == {"PATH": f"{image.root}/opt/bin:", "KIND": "plain"}
    assert image.folder == image.root / "app"
    assert image.command == ["cat", "code/main.py"]
    assert image.health_check == ["true"]
    assert (image.root / "var/lib/hansard/scratch").is_dir()
    assert [one for one in said if "useradd" in one]


def test_a_file_that_is_kept_out_cannot_be_copied(context: Path, tmp_path: Path) -> None:
    (context / "Dockerfile").write_text("FROM python:3.11\nWORKDIR /app\nCOPY left.txt ./\n")
    with pytest.raises(StepFailed, match=r"left\.txt"):
        Workshop(context, tmp_path / "work", lambda _: None).build(read_stages(context / "Dockerfile"), {})
