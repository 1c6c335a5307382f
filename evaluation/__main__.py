"""`python -m evaluation [FOLDER]`: how right the results are on recordings with references."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

from libs.common.lacking import installed_by

with installed_by("requirements-local.txt", "evaluation/requirements.txt"):
    import typer
    from rich.console import Console
    from rich.progress import track

    from cli.client import Gateway
    from cli.errors import CommandFailed
    from evaluation.gateway import GatewayLine
    from evaluation.joining import join_meetings, read_readers
    from evaluation.line import Line
    from evaluation.recordings import Recording, read_folder
    from evaluation.report import print_report
    from evaluation.scores import Evaluation, score, total
    from libs.common.errors import PipelineError

SAMPLES = Path(__file__).parents[1] / "samples"

_console = Console(stderr=True)


def main(  # noqa: PLR0917 - typer calls it by name
    folder: Annotated[
        Path | None,
        typer.Argument(
            exists=True, file_okay=False, help="Recordings with references, or one folder of utterances per reader."
        ),
    ] = None,
    gateway: Annotated[
        str | None, typer.Option(help="URL of a running gateway; without it the engines run in this process.")
    ] = None,
    collar: Annotated[float, typer.Option(min=0, help="Seconds around boundaries that DER leaves out.")] = 0.0,
    meetings: Annotated[int, typer.Option(min=1, help="How many meetings are joined from readers.")] = 12,
    splits: Annotated[
        int | None, typer.Option(min=1, help="Ways to enrol some readers and not others [30; 1 through a gateway].")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the joined meetings.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure DER, number of voices, names, WER and cpWER; without FOLDER on the sample meetings."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hansard-evaluation-")))
        try:
            line = _line(gateway, scratch, splits or 1, stack)
            recordings = _recordings(folder, scratch, meetings=meetings, splits=splits or 30, seed=seed)
            evaluation = evaluate(line, recordings, collar=collar)
        except (PipelineError, CommandFailed) as error:
            _console.print(f"[red]error[/]: {error.message}")
            raise typer.Exit(1) from error
    if as_json:
        sys.stdout.write(evaluation.model_dump_json(indent=2) + "\n")
    else:
        print_report(evaluation, Console())


def evaluate(line: Line, recordings: list[Recording], *, collar: float) -> Evaluation:
    """Take all recordings through the line and score what comes out."""
    passages = track(recordings, description="evaluating", console=_console, transient=True)
    scores = tuple(score(one, line.process(one), collar=collar) for one in passages)
    return Evaluation(line=line.description, collar=collar, recordings=scores, totals=total(scores))


def _line(gateway: str | None, scratch: Path, max_splits: int, stack: ExitStack) -> Line:
    if gateway is not None:
        return GatewayLine(stack.enter_context(Gateway(gateway, Console(quiet=True))), max_splits=max_splits)
    from evaluation.engines import EngineLine  # noqa: PLC0415 - the engines are heavy, and a gateway needs none here

    normalized = scratch / "normalized"
    normalized.mkdir()
    return EngineLine(normalized)


def _recordings(folder: Path | None, scratch: Path, *, meetings: int, splits: int, seed: int) -> list[Recording]:
    if folder is None:
        return [one for sample in sorted(SAMPLES.iterdir()) if sample.is_dir() for one in read_folder(sample)]
    if any(folder.glob("*.rttm")):
        return read_folder(folder)
    joined = scratch / "joined"
    joined.mkdir()
    return join_meetings(read_readers(folder), joined, count=meetings, max_splits=splits, seed=seed)


if __name__ == "__main__":
    typer.run(main)
