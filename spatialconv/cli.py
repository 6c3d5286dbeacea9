"""Commands: each reads, calls one public function, and writes."""

from __future__ import annotations

import json
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from spatialconv import __version__
from spatialconv.errors import OptionError, SpatialConvError, SpatialConvWarning

app = typer.Typer(
    name="spatialconv",
    help="Do the regions converge, and what does space have to do with it?",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"spatialconv {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    del version


@app.command()
def study(
    case: Annotated[str, typer.Argument(metavar="NAME|FILE", help="zhejiang, or a case.toml (see init).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for tables, figures and the report.")] = Path(
        "results"
    ),
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes of the check.")] = 1,
    check: Annotated[
        str | None,
        typer.Option("--check", help="auto, full, light or off, instead of what the case says."),
    ] = None,
    no_check: Annotated[bool, typer.Option("--no-check", help="Ask no question of the check.")] = False,
    draws: Annotated[int | None, typer.Option("--draws", "-d", help="Samples of the check.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="No permutations, a light check: for a first look.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="tables, figures, or the name of one; may be repeated. No report is written."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no summary.")] = False,
) -> None:
    """Run a whole study: tables, figures, and a report in Markdown and HTML.

    A run that was stopped is taken up by the same command: figures and answers of the check that are there stay.
    """
    from spatialconv._options import CheckExtent
    from spatialconv._options import choice as chosen
    from spatialconv.study import run

    if check is not None:
        chosen("--check", check, CheckExtent)
    if no_check and check not in (None, "off"):
        raise OptionError(f"--no-check and --check {check} contradict each other; give one of them.")
    extent: Any = "off" if no_check else check
    found = run(
        case, out, progress=not quiet, jobs=jobs, check=extent, draws=draws, quick=quick, only=tuple(only or ())
    )
    if not quiet:
        typer.echo(repr(found))
        typer.echo(f"{out if only else out / 'report.html'}")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder for case.toml and its example data.")] = Path(),
    of: Annotated[
        str, typer.Option("--example", "-e", help="cities (eleven, of Zhejiang) or counties (3,085, simulated).")
    ] = "cities",
) -> None:
    """Write a commented case.toml with example data, ready to run and to be changed."""
    from spatialconv._options import choice as chosen
    from spatialconv.study import EXAMPLES, example

    path = example(folder, of=chosen("--example", of, EXAMPLES))
    typer.echo(f"{path} written. Run it: spatialconv study {path}")


@app.command()
def audit(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A document (.docx, .tex, .html, .md, .csv, .xlsx, .txt), a paper.toml, or luo_zhang_2024 or "
            "he_innovation, which are shipped.",
        ),
    ] = "",
    form: Annotated[str, typer.Option("--format", "-f", help="text, md or json.")] = "text",
    write: Annotated[
        Path | None, typer.Option("--write", "-w", help="Write what was understood of a document, to be corrected.")
    ] = None,
    template: Annotated[bool, typer.Option("--template", help="Print an annotated paper.toml and stop.")] = False,
) -> None:
    """Check the figures a paper reports against one another; exit status 1 if some cannot be right."""
    from spatialconv import auditing
    from spatialconv._files.writing import write_whole
    from spatialconv._options import choice

    choice("--format", form, ("text", "md", "json"))
    if template:
        typer.echo(auditing.template(), nl=False)
        return
    if not file:
        raise OptionError("audit needs the file of a paper; spatialconv audit --template writes one to start from.")
    if write is not None:
        write_whole(write, auditing.transcribe(Path(file)))
    report = auditing.audit(file)
    text = report.to_markdown() if form == "md" else report.to_text()
    typer.echo(json.dumps(report.to_dict(), indent=1) if form == "json" else text.rstrip("\n"))
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="case|audit", help="Of case.toml, or of the description of a paper.")],
) -> None:
    """Print the JSON schema by which an editor completes and checks a case.toml or a paper.toml."""
    from spatialconv._options import choice

    choice("schema", kind, ("case", "audit"))
    if kind == "case":
        from spatialconv.study import schema as made
    else:
        from spatialconv.auditing import schema as made
    typer.echo(json.dumps(made(), indent=1))


@app.command()
def check(
    case: Annotated[str, typer.Argument(metavar="NAME|FILE", help="zhejiang, or a case.toml (see init).")],
    draws: Annotated[int, typer.Option("--draws", "-d", help="Samples under no convergence.")] = 999,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes.")] = 1,
    questions: Annotated[
        list[str] | None,
        typer.Option("--questions", help="all, light, or the name of one; may be repeated. All by default."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Ask of a study what a careful referee would ask; exit status 1 if a question fails."""
    from spatialconv import checks
    from spatialconv.study import analyse, resolve

    asked = tuple(questions or ("all",))
    found = checks.check(
        analyse(resolve(case), progress=not quiet),
        draws=draws,
        jobs=jobs,
        questions=asked[0] if len(asked) == 1 else asked,
        progress=not quiet,
    )
    typer.echo(found.text())
    if not found.passed:
        raise typer.Exit(1)


@app.command()
def versions() -> None:
    """Print the versions of everything spatialconv stands on, to paste into an issue."""
    from spatialconv._versions import show_versions

    show_versions()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors of the package become one line on stderr and exit status 2."""
    with warnings.catch_warnings(), _ended_in_order():
        warnings.showwarning = _show
        try:
            app(args=list(arguments) if arguments is not None else None)
        except SpatialConvError as error:
            typer.echo(f"spatialconv: {_one_line(error)}", err=True)
            sys.exit(2)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let a process that is asked to end (SIGTERM) leave nothing unfinished behind, as one that is interrupted does."""

    def end(number: int, frame: Any) -> None:
        del frame
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(
    message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    if issubclass(category, SpatialConvWarning):
        typer.echo(f"spatialconv: warning: {_one_line(message)}", err=True)
        return
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))
    del file


def _one_line(message: Any) -> str:
    return " ".join(str(message).split())
