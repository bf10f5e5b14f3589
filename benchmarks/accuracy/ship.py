"""A calibration of a pack -> the catalogue, so that the pack is installed with it.

    python -m benchmarks.accuracy.ship PACK --calibration FOLDER

FOLDER is what `stash-sense models calibrate PACK` wrote: `<models>/calibrations/PACK`. Its constants and curves go
into `catalogue/PACK.json`, its statistics beside it as `catalogue/PACK-background.npz`.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stash_sense.errors import StashSenseError
from stash_sense.files import write_atomically
from stash_sense.models.catalogue import CatalogueEntry
from stash_sense.models.overlay import Overlay, read_overlay

CATALOGUE = Path(__file__).parents[2] / "src" / "stash_sense" / "models" / "catalogue"
_WIDTH = 118
"""Columns of a line, as in the code."""
_STEP = "  "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", metavar="PACK", help="of the catalogue")
    parser.add_argument(
        "--calibration", type=Path, required=True, metavar="FOLDER", help="<models>/calibrations/PACK"
    )
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE, metavar="FOLDER", help="that is changed")
    options = parser.parse_args()
    try:
        overlay = read_overlay(options.calibration, options.pack)
        if overlay is None:
            sys.exit(f"{options.calibration} holds no calibration")
        ship(options.pack, overlay, options.catalogue)
    except (StashSenseError, ValueError) as error:
        sys.exit(str(error))
    print(f"{options.pack} ships what was fitted on {overlay.card.curve.fitted_on}")


def ship(pack: str, overlay: Overlay, catalogue: Path) -> None:
    """Put a calibration into the catalogue.

    Args:
        pack: its id.
        overlay: the calibration.
        catalogue: the folder with `<pack>.json`.

    Raises:
        ValueError: the catalogue has no such pack, or it is made of other models than the calibration.
        StorageError: a file cannot be written; the statistics are written first, the entry after them.
    """
    path = catalogue / f"{pack}.json"
    if not path.is_file():
        raise ValueError(f"{catalogue} has no pack {pack}")
    background = f"{pack}-background.npz"
    document = with_calibration(json.loads(path.read_bytes()), overlay, background)
    text = layout(document) + "\n"
    CatalogueEntry.model_validate_json(text)
    write_atomically(catalogue / background, overlay.background)
    write_atomically(path, text.encode())


def with_calibration(document: Mapping[str, Any], overlay: Overlay, background: str) -> dict[str, Any]:
    """Return a catalogue entry's document with a calibration's constants, curves and statistics.

    Raises:
        ValueError: the calibration was made with other model files.
    """
    card = document["card"]
    models = {card["detector"]["file"], *(embedder["file"] for embedder in card["embedders"])}
    if models != set(overlay.card.models):
        raise ValueError(f"the calibration was made with {', '.join(sorted(overlay.card.models))}")
    found = overlay.card.model_dump(mode="json", exclude_defaults=True)
    fitted = {name: found[name] for name in ("matching", "curve", "same_person") if found[name] is not None}
    fitted["background_file"] = background
    kept = {name: value for name, value in card.items() if name not in {*fitted, "same_person"}}
    answers = kept.pop("self_test")  # long: the other parts are found sooner above it
    source = {"kind": "bundled", "file": background, "sha256": overlay.card.background.sha256}
    others = [one for one in document["sources"] if one["file"] not in (background, card.get("background_file"))]
    return {
        **document,
        "card": {**kept, **fitted, "self_test": answers},
        "sources": [*others, source],
    }


def layout(value: object, indent: str = "") -> str:
    """Write JSON with a row of plain values on as few lines as it takes, so that vectors do not fill the pages."""
    deeper = indent + _STEP
    if isinstance(value, Mapping) and value:
        parts = [f"{deeper}{json.dumps(name)}: {layout(part, deeper)}" for name, part in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        if any(isinstance(part, Mapping | list) for part in value):
            return "[\n" + ",\n".join(deeper + layout(part, deeper) for part in value) + f"\n{indent}]"
        row = json.dumps(value, ensure_ascii=False)
        # What stands before it on the line is not known here: the longest key of a card is no longer than that.
        if len(indent) + len(row) <= _WIDTH // 2:
            return row
        return "[\n" + "\n".join(_filled(value, deeper)) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def _filled(values: Sequence[object], indent: str) -> Iterator[str]:
    line = indent
    for place, value in enumerate(values):
        word = json.dumps(value, ensure_ascii=False) + ("," if place < len(values) - 1 else "")
        if line.strip() and len(line) + 1 + len(word) > _WIDTH:
            yield line
            line = indent
        line += word if line == indent else f" {word}"
    yield line


if __name__ == "__main__":
    main()
