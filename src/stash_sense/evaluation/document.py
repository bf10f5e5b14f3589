"""What was measured -> the values of the JSON document, schema 1 (`docs/how-to/measure-on-your-own-library.md`)."""

from dataclasses import asdict
from typing import Any

from stash_sense.evaluation.benchmark import Record, Results
from stash_sense.evaluation.comparison import Compared
from stash_sense.evaluation.measures import FIGURES, Figure, Figures
from stash_sense.evaluation.people import Finding, People

SCHEMA = 1
"""Rises when a key is removed or changes its meaning; new keys may come without that."""
_DIGITS = 4


def results_document(results: Results) -> dict[str, Any]:
    """Return all that was measured as the values of the document."""
    return {
        "overall": figures_document(results.overall),
        "groups": [
            {"label": label, "value": value, **figures_document(figures)}
            for label, values in results.groups.items()
            for value, figures in values.items()
        ],
        "by_references": [
            {"references": number, **_of_names(figures)} for number, figures in results.by_references.items()
        ],
        "people": _people(results.people),
        "files": [_file(record, results.compared.get(place)) for place, record in enumerate(results.records)],
    }


def figures_document(figures: Figures) -> dict[str, Any]:
    """Return figures as the values of the document."""
    counts = {name: round(value, _DIGITS) for name, value in asdict(figures.counts).items()}
    whole = {name: int(value) for name, value in counts.items() if name != "squared_error"}
    return {
        "files": figures.files,
        "counts": whole,
        **{name: _figure(getattr(figures, name)) for name in FIGURES},
    }


def _of_names(figures: Figures) -> dict[str, Any]:
    """Return what speaks of single people."""
    counts = {name: int(getattr(figures.counts, name)) for name in ("named", "right", "known", "wrong")}
    return {
        "files": figures.files,
        "counts": counts,
        **{name: _figure(getattr(figures, name)) for name in ("precision", "recall", "f1")},
    }


def _figure(figure: Figure) -> dict[str, float | None]:
    return {name: None if value is None else round(value, _DIGITS) + 0.0 for name, value in asdict(figure).items()}


def _people(people: People) -> dict[str, list[dict[str, Any]]]:
    def listed(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
        return [asdict(finding) for finding in findings]

    return {
        "lacking_references": listed(people.lacking_references),
        "missed_with_one_reference": listed(people.missed_with_one_reference),
        "never_found": listed(people.never_found),
    }


def _file(record: Record, compared: Compared | None) -> dict[str, Any]:
    truth, answer, failure = record.file.truth, record.answer, record.failure
    return {
        "path": truth.path,
        "labels": dict(truth.labels),
        "found": sorted(compared.found) if compared else [],
        "missed": sorted(compared.missed) if compared else [],
        "wrong": sorted(compared.wrong) if compared else [],
        "lacking_references": sorted(compared.lacking) if compared else [],
        "strangers": truth.strangers,
        "unknown": answer.unknown if answer else None,
        "frames": answer.frames if answer else 0,
        "faces": answer.faces if answer else 0,
        "seconds": round(answer.seconds, 3) if answer else None,
        "error": None if failure is None else {"code": failure.code, "message": failure.message},
    }
