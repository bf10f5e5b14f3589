"""What the import of a public release costs: seconds, processor seconds and peak memory, alone in a process.

    python -m benchmarks.scale.public_import [--faces N] [--storage float32|e4m3] [--folder DIR] [--json FILE]

A release is made of random vectors, by default of the size of the largest public one: 366,794 faces of 108,001
performers, two indexes (M 4, ef_construction 16), and tables with aliases, links, bodies and tattoos. It is kept in
the folder for the next run; making it takes minutes. Its zip is imported, so that unpacking and checking count.
"""

import argparse
import json
import shutil
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import voyager
from benchmarks.measure import cost_of, peak_mib, run_child, table, write_json
from tests.public_release_files import INDEXES, universal_id_of, write_manifest, write_maps, write_tables

from stash_sense.performers.public.importing import PublicImport, write_public
from stash_sense.recognition.space import unit

FACES, PERFORMERS = 366_794, 108_001
AIM_SECONDS, AIM_MIB = 600.0, 2048.0
"""For a release of that size, on two cores; smaller ones have the same share of the time."""
DIM, BLOCK = 512, 8192
STORAGES = {"float32": voyager.StorageDataType.Float32, "e4m3": voyager.StorageDataType.E4M3}


def made_release(folder: Path, faces: int, storage: str) -> Path:
    """Return the zip of a release, made if it is not there yet."""
    target = folder / f"public-{faces}-{storage}.zip"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        release = Path(name) / "release"
        release.mkdir()
        performers = max(1, round(faces * PERFORMERS / FACES))
        random = np.random.default_rng(0)
        of = np.concatenate([np.arange(performers), random.integers(0, performers, faces - performers)]) + 1
        of = random.permutation(of).tolist()
        write_tables(release, of, performers)
        write_maps(release, [universal_id_of(number) for number in of])
        for seed, index in enumerate(INDEXES):
            _write_index(release / index, faces, STORAGES[storage], seed)
        write_manifest(release, performer_count=performers, face_count=faces)
        print("packing", file=sys.stderr)
        part = Path(name) / target.name
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file in sorted(release.iterdir()):
                archive.write(file, file.name)
        part.replace(target)
    return target


def _write_index(path: Path, count: int, storage: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    index = voyager.Index(
        voyager.Space.Cosine, DIM, M=4, ef_construction=16, max_elements=count, storage_data_type=storage
    )
    order = random.permutation(count)
    for start in range(0, count, BLOCK):
        labels = order[start : start + BLOCK]
        index.add_items(unit(random.standard_normal((len(labels), DIM), np.float32)), ids=labels.tolist())
        print(f"{path.name}: {start + len(labels)} of {count}", file=sys.stderr)
    index.save(str(path))


def measure(path: Path) -> dict[str, float]:
    """Import a release beside it, and remove what it gave."""
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        folder, scratch = Path(name) / "version", Path(name) / "scratch"
        folder.mkdir()
        scratch.mkdir()

        def work() -> PublicImport:
            return write_public(path, folder, scratch, datetime.now(UTC))

        cost = cost_of(work)
        size = sum(file.stat().st_size for file in folder.iterdir())
        unpacked = sum(file.stat().st_size for file in scratch.iterdir())
        shutil.rmtree(scratch)
    manifest = cost.result.manifest
    return {
        "performers": manifest.performer_count,
        "faces": manifest.face_count,
        "zip_mb": round(path.stat().st_size / 1e6, 1),
        "unpacked_mb": round(unpacked / 1e6, 1),
        "version_mb": round(size / 1e6, 1),
        "wall_s": round(cost.wall, 2),
        "cpu_s": round(cost.cpu, 2),
        "peak_mib": round(peak_mib(), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=FACES, help=f"of the release; {FACES} by default")
    parser.add_argument("--storage", choices=STORAGES, default="float32", help="how its indexes keep a number")
    parser.add_argument("--folder", type=Path, default=Path("benchmarks/results/public"), help="where it is kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(measure(options.child)))
        return
    path = made_release(options.folder, options.faces, options.storage)
    figures = json.loads(run_child("benchmarks.scale.public_import", "--child", str(path)))
    print(table(("what", "measured"), list(figures.items())))
    if options.json is not None:
        seconds = AIM_SECONDS * min(1.0, options.faces / FACES)
        aims = [
            _aim(f"import of {options.faces} faces: seconds", seconds, figures["wall_s"]),
            _aim(f"import of {options.faces} faces: peak MiB", AIM_MIB, figures["peak_mib"]),
        ]
        write_json(options.json, {"benchmark": "scale.public_import", **figures, "aims": aims})


def _aim(what: str, most: float, measured: float) -> dict[str, Any]:
    return {"what": what, "aim": f"<= {most:.0f}", "measured": measured, "met": measured <= most}


if __name__ == "__main__":
    main()
