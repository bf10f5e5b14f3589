"""What building a database costs: faces per processor second, how that grows, and what an unchanged build costs.

    python -m benchmarks.scale.build [--quick] [--full] [--pack ID] [--json FILE]

Photographs are made of the shipped portraits: cut, lightened, mirrored and noised at random, so that every one is a
file and a face of its own, four to a person, and everything runs as with photographs: reading, finding, describing
with a real pack, choosing, comparing, writing, installing. The people are no people, so most notes mean nothing here.
"""

import argparse
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from benchmarks.measure import cost_of, table, write_json
from benchmarks.progress import tell
from PIL import Image as Pictures

from stash_sense.bootstrap import Services, build
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.performers.building.sources import FolderSource
from stash_sense.samples import PEOPLE
from stash_sense.settings import load_settings

USUAL, QUICK, FULL = (1_000, 3_000), (100, 300), (1_000, 10_000)
PER_PERSON = 4
SIDE = 320
"""Pixels of a photograph's sides."""
MOST_GROWTH, MOST_UNCHANGED = 1.25, 0.05
"""Aims: time per photograph of the most to that of the fewest, and an unchanged build's share of the first one."""
_TOLD_EVERY = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One size: processor seconds of the first and of an unchanged build, and what the first one gave."""

    photographs: int
    first_cpu: float
    first_wall: float
    again_cpu: float
    described: int
    faces: int
    faces_per_cpu_second: float


def make_photographs(folder: Path, count: int) -> None:
    """Write so many photographs, `PER_PERSON` to a folder."""
    portraits = [_square(path) for path in sorted(PEOPLE.rglob("*.jpg"))]
    for number in range(count):
        person = number // PER_PERSON
        path = folder / f"person {person:06}" / f"{number % PER_PERSON}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        photograph = _varied(portraits[person % len(portraits)], np.random.default_rng(number))
        Pictures.fromarray(photograph).save(path, quality=85)


def measure(services: Services, pack: str | None, count: int) -> Row:
    """Build from so many photographs twice, the second time with nothing changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photographs(folder / "people", count)
        settings = services.settings.model_copy(update={"data_dir": folder / "data"})
        builder = build(settings).builder(pack)
        source = FolderSource(folder / "people")
        first = cost_of(lambda: builder.build(source, CancelToken(), _told))
        again = cost_of(lambda: builder.build(source, CancelToken()))
    report = first.result
    if again.result.described or not again.result.unchanged:
        raise RuntimeError("the second build found something changed")
    return Row(
        photographs=count,
        first_cpu=first.cpu,
        first_wall=first.wall,
        again_cpu=again.cpu,
        described=report.described,
        faces=report.manifest.face_count,
        faces_per_cpu_second=report.described / first.cpu,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK[0]} and {QUICK[1]} photographs")
    parser.add_argument("--full", action="store_true", help=f"{FULL[0]:,} and {FULL[1]:,} photographs")
    parser.add_argument("--pack", metavar="ID", help="model pack; the best of the installed ones without it")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    services = build(load_settings())
    sizes = QUICK if options.quick else FULL if options.full else USUAL
    rows = [measure(services, options.pack, count) for count in sizes]
    header = ("photographs", "CPU s", "s", "CPU s unchanged", "described", "faces kept", "faces per CPU s")
    print(table(header, [tuple(asdict(row).values()) for row in rows]))
    aims = aims_of(rows)
    for aim in aims:
        print(f"{'met' if aim['met'] else 'MISSED'}: {aim['what']}: {aim['measured']} (aim {aim['aim']})")
    if options.json:
        write_json(options.json, {"rows": [asdict(row) for row in rows], "aims": aims})


def aims_of(rows: list[Row]) -> list[dict[str, object]]:
    """Say what was aimed at, and what was measured."""
    fewest, most = rows[0], rows[-1]
    growth = (most.first_cpu / most.photographs) / (fewest.first_cpu / fewest.photographs)
    share = max(row.again_cpu / row.first_cpu for row in rows)
    return [
        _aim(f"time per photograph, {most.photographs:,} to {fewest.photographs:,}", growth, MOST_GROWTH),
        _aim("an unchanged build's share of the first", share, MOST_UNCHANGED),
    ]


def _aim(what: str, measured: float, most: float) -> dict[str, object]:
    return {"what": what, "aim": f"<= {most:g}", "measured": f"{measured:.3g}", "met": measured <= most}


def _square(path: Path) -> Image:
    with Pictures.open(path) as picture:
        return np.asarray(picture.convert("RGB").resize((2 * SIDE, 2 * SIDE)))


def _varied(portrait: Image, random: np.random.Generator) -> Image:
    left, top = random.integers(0, SIDE // 4, 2).tolist()
    side = int(random.integers(2 * SIDE - SIDE // 2, 2 * SIDE - SIDE // 4))
    cut = Pictures.fromarray(portrait[top : top + side, left : left + side]).resize((SIDE, SIDE))
    varied = np.asarray(cut, np.float32) * random.uniform(0.7, 1.2)
    varied += random.normal(0.0, random.uniform(2.0, 20.0), (SIDE, SIDE, 1))
    mirrored = varied[:, ::-1] if random.random() < 0.5 else varied
    return np.asarray(np.clip(mirrored, 0, 255), np.uint8)


def _told(progress: Progress) -> None:
    if progress.stage == "describing" and progress.done % _TOLD_EVERY == 0:
        tell(progress)


if __name__ == "__main__":
    main()
