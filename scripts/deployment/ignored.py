"""What `.dockerignore` keeps out of a build."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


class Context:
    """The files of a folder that a build can copy."""

    def __init__(self, root: Path) -> None:
        self._root = root
        lines = (root / ".dockerignore").read_text("utf-8").splitlines()
        self._rules = [(_pattern(line.removeprefix("!")), line.startswith("!")) for line in lines if line]

    def files(self, source: str) -> Iterator[Path]:
        """Relative to the root: of a file, a folder or a pattern, without what is ignored."""
        for found in sorted(self._root.glob(source.rstrip("/"))):
            below = [found] if found.is_file() else sorted(one for one in found.rglob("*") if one.is_file())
            yield from (one.relative_to(self._root) for one in below if self._is_kept(one.relative_to(self._root)))

    def _is_kept(self, path: Path) -> bool:
        kept = True
        for pattern, is_exception in self._rules:
            if any(pattern.fullmatch(str(PurePosixPath(one))) for one in (path, *path.parents)):
                kept = is_exception
        return kept


def _pattern(rule: str) -> re.Pattern[str]:
    """Of a line: `**` crosses folders, `*` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*)", rule)
    means = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(means.get(part, re.escape(part)) for part in parts))
