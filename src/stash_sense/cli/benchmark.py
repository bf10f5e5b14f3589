"""`stash-sense benchmark`: how good the answers are on your own files, and whose references are missing."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stash_sense.cli.context import services_of
from stash_sense.cli.identify import EXIT_SOME_FAILED, known_mode
from stash_sense.cli.present import print_json, print_shaped, print_warnings
from stash_sense.cli.progress import shown_progress
from stash_sense.errors import Cancelled
from stash_sense.evaluation.benchmark import (
    Benchmark,
    Chosen,
    LabelledFile,
    Record,
    Results,
    labelled_files,
    results_of,
)
from stash_sense.evaluation.document import SCHEMA, results_document
from stash_sense.evaluation.folders import names_of, truth_of_folders
from stash_sense.evaluation.measures import Figure, Figures
from stash_sense.evaluation.people import Finding
from stash_sense.evaluation.stratify import SAMPLE
from stash_sense.evaluation.truth import read_truth
from stash_sense.identification.recognizer import Request
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES
from stash_sense.media.plan import SamplingPlan
from stash_sense.performers.gallery import Gallery
from stash_sense.recognition.matching.modes import DEFAULT_MODE, MODES
from stash_sense.reports.wording import NOT_KNOWN, counted, took, visible

_ALL = "all"
_SLOWEST = 3
_NAMES_SHOWN = 20
"""People of each list that the terminal shows; --json has them all."""


def _known_sample(sample: str) -> str:
    if sample != _ALL and not (sample.isascii() and sample.isdigit() and int(sample)):
        raise typer.BadParameter(f"it is a number of files, such as {SAMPLE}, or {_ALL}.")
    return sample


def benchmark(
    context: typer.Context,
    gallery: Annotated[
        Path, typer.Option(help="Folder with one folder of pictures for each known person, named after them.")
    ],
    truth: Annotated[
        Path | None, typer.Option(help="JSON file that says who is in which file.", show_default=False)
    ] = None,
    videos: Annotated[
        Path | None,
        typer.Option(
            help="Folder that the paths of the truth begin in; without --truth, a folder of videos for each person.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
    pack: Annotated[str | None, typer.Option(help="Model pack; `stash-sense models list` shows them.")] = None,
    mode: Annotated[
        str, typer.Option(callback=known_mode, help=f"How names are decided: {' or '.join(MODES)}.")
    ] = DEFAULT_MODE,
    frames: Annotated[int, typer.Option(min=MIN_FRAMES, max=MAX_FRAMES, help="Frames of a video to look at.")] = 60,
    strict: Annotated[
        bool, typer.Option("--strict", help="Give only the surest names; fewer people get one.")
    ] = False,
    sample: Annotated[
        str, typer.Option(callback=_known_sample, help=f"How many files to measure, of every kind some; or {_ALL}.")
    ] = str(SAMPLE),
    seed: Annotated[int, typer.Option(min=0, help="Of the sample and of the intervals.")] = 0,
) -> None:
    """Measure how good the answers are on files whose people you know.

    Prints precision, recall and more, each with a 95 % interval, and whose references are missing. A file that cannot
    be processed says why and does not stop the others; the exit code is then 1.
    """
    services = services_of(context)
    request = Request(SamplingPlan(num_frames=frames), mode, strict)
    # Read before models are opened and people enrolled, which takes minutes.
    files = _labelled(truth, videos, gallery)
    with shown_progress() as progress:
        recognizer = services.recognizer(pack)
        measuring = Benchmark(recognizer, services.videos)
        count = None if sample == _ALL else int(sample)
        chosen = measuring.choose(files, count, seed, services.cancel, progress)
        enrolment = recognizer.enrol(gallery, services.cancel, progress)
        print_warnings((note.message for note in enrolment.notes), progress)
        known = enrolment.gallery
        records, interrupted = list(chosen.failed), False
        try:
            for record in measuring.run(chosen.files, known, request, services.cancel, progress):
                records.append(record)  # noqa: PERF402  `extend` promises nothing of what came before an interruption
        except Cancelled:
            interrupted = True
        progress.pause()
    results = results_of(records, known, seed)
    if json:
        print_json(_document(results, chosen, recognizer.pack, request, known, seed, not interrupted))
    else:
        _print_tables(results, chosen)
    if interrupted:
        raise Cancelled
    if results.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _labelled(truth: Path | None, videos: Path | None, gallery: Path) -> list[LabelledFile]:
    """Read who is in which file: from the document, else from the names of folders.

    Raises:
        typer.BadParameter: neither is given.
        MeasurementError, InputError: what is given cannot be used.
    """
    if truth is not None:
        return labelled_files(read_truth(truth), truth, videos or truth.parent)
    if videos is None:
        raise typer.BadParameter("say who is in which file with --truth, or by the names of folders with --videos.")
    return labelled_files(truth_of_folders(videos, names_of(gallery)), videos, videos)


def _document(
    results: Results, chosen: Chosen, pack: str, request: Request, gallery: Gallery, seed: int, complete: bool
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "pack": pack,
        "mode": request.mode,
        "frames": request.plan.num_frames,
        "strict": request.strict,
        "seed": seed,
        "gallery": {"people": len(gallery.persons), "references": len(gallery.vectors)},
        "sample": {"measured": len(chosen.files), "of": chosen.of},
        **results_document(results),
        "complete": complete,
    }


def _print_tables(results: Results, chosen: Chosen) -> None:
    console = Console()

    def part(heading: str, content: Table) -> None:
        console.print(Text(heading, style="bold"))
        print_shaped(Padding(content, (0, 0, 1, 2), expand=False))

    measured = counted(results.overall.files, "file")
    if len(chosen.files) < chosen.of:
        measured += f" measured: a sample of {chosen.of:,}, some of every kind (--sample {_ALL} takes them all)"
    part(measured, _overall(results.overall))
    if groups := _groups(results):
        part("By what the files are like", _by("files like", groups))
    if results.by_references:
        rows = [(counted(number, "reference"), one) for number, one in results.by_references.items()]
        part("By number of references", _by("people with", rows))
    for heading, findings in _lists(results):
        if findings:
            part(heading, _findings(findings))
    if results.compared:
        part("Slowest", _slowest(results.records))
    if results.failed:
        _print_failed(console, results.failed)


def _print_failed(console: Console, records: Sequence[Record]) -> None:
    console.print(Text(f"{counted(len(records), 'file')} failed", style="bold"))
    for record in records:
        if record.failure is not None:  # on one line, however long: a path broken in two cannot be copied
            console.print(Text(f"  {visible(record.failure.message)}", style="red"), soft_wrap=True)


def _groups(results: Results) -> list[tuple[str, Figures]]:
    return [(f"{label}: {value}", one) for label, values in results.groups.items() for value, one in values.items()]


def _overall(figures: Figures) -> Table:
    counts = figures.counts
    rows: list[tuple[str, Figure, str]] = [
        ("precision", figures.precision, f"{counts.right:,.0f} of {counted(int(counts.named), 'name')} right"),
        ("recall", figures.recall, f"{counts.right:,.0f} of {counts.known:,.0f} known people found"),
        ("F1", figures.f1, ""),
        ("strangers named", figures.strangers_named, _strangers(figures)),
        ("calibration error", figures.calibration_error, f"over {counts.claims:,.0f} people seen"),
        ("Brier score", figures.brier, ""),
        (
            "unknown people miscounted",
            figures.unknown_count_error,
            f"a file, over {counted(int(counts.counted), 'file')}",
        ),
    ]
    table = _table("figure", "value", "95 % interval", "")
    for name, figure, remark in rows:
        table.add_row(name, _number(figure.value), _interval(figure), Text(remark, style="dim"))
    table.add_row("wrong names", f"{counts.wrong:,.0f}", "", Text(_wrong(figures), style="dim"))
    return table


def _strangers(figures: Figures) -> str:
    counts = figures.counts
    return f"{counts.strangers_named:,.0f} of {counted(int(counts.strangers), 'stranger')}"


def _wrong(figures: Figures) -> str:
    counts = figures.counts
    elsewhere = counts.wrong - counts.wrong_of_strangers - counts.wrong_of_known
    on = ((counts.wrong_of_strangers, "on strangers"), (counts.wrong_of_known, "on known people"))
    parts = [f"{count:,.0f} {whom}" for count, whom in (*on, (elsewhere, "it is not known on whom")) if count]
    return ", ".join(parts)


def _by(first: str, rows: Sequence[tuple[str, Figures]]) -> Table:
    table = _table(first, "files", "precision", "recall", "strangers")
    for what, figures in rows:
        counts = figures.counts
        strangers = f"{counts.strangers_named:,.0f} of {counts.strangers:,.0f}" if counts.strangers else NOT_KNOWN
        cells = (str(figures.files), _short(figures.precision), _short(figures.recall), strangers)
        table.add_row(Text(visible(what)), *cells)
    return table


def _lists(results: Results) -> Iterator[tuple[str, Sequence[Finding]]]:
    people = results.people
    yield "In the truth but without a reference: add pictures of them", people.lacking_references
    yield "Missed, with a single reference: add a second picture", people.missed_with_one_reference
    yield "Never found: look at their references", people.never_found


def _findings(findings: Sequence[Finding]) -> Table:
    table = _table("person", "references", "files", "found in")
    for one in findings[:_NAMES_SHOWN]:
        table.add_row(Text(visible(one.name)), str(one.references), str(one.files), str(one.found))
    if len(findings) > _NAMES_SHOWN:
        table.add_row(Text(f"and {len(findings) - _NAMES_SHOWN:,} more (--json lists them)", style="dim"))
    return table


def _slowest(records: Sequence[Record]) -> Table:
    table = _table("file", "took", "frames", "faces")
    answered = [(record.answer, record) for record in records if record.answer is not None]
    for answer, record in sorted(answered, key=lambda one: -one[0].seconds)[:_SLOWEST]:
        path = Text(visible(record.file.truth.path))
        table.add_row(path, took(answer.seconds * 1000.0), str(answer.frames), str(answer.faces))
    return table


def _table(first: str, *headings: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, overflow="fold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _number(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:.3f}"


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{figure.low:.3f} to {figure.high:.3f}"


def _short(figure: Figure) -> str:
    if figure.value is None:
        return NOT_KNOWN
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} ({figure.low:.2f}-{figure.high:.2f})"
