"""A simulated Stash in a process of its own, what it holds, and services that scan it.

What it computes would weigh on the process that is measured. A document is what `library_file.fill` reads; a file in
it may have a `source`, the path of the real one that it stands for.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from stash_sense.bootstrap import Services
from stash_sense.kernel.cancel import CancelToken
from stash_sense.models.card import CARD_NAME
from stash_sense.samples import PEOPLE
from stash_sense.settings import Settings, load_settings

AT = "2026-11-20T10:00:00+11:00"
_ELSEWHERE = "/on another machine"
_FILM_SIDES, _RATE = (480, 270), 12


def scene(number: int, film: Path, columns: Mapping[str, Any], *, is_here: bool = True) -> dict[str, Any]:
    """Make a scene.

    Args:
        number: its id; its file has a hash of its own, too.
        film: that it shows.
        columns: of the film's file, see `fakes.stash.footage.video_columns`.
        is_here: whether the file is where Stash says it is; else it can only be streamed.
    """
    return {"id": str(number), "title": f"Scene {number}", "files": [_file(number, film, columns, is_here, "oshash")]}


def image(number: int, picture: Path, columns: Mapping[str, Any], gallery: int | None = None) -> dict[str, Any]:
    """Make an image, of a gallery or of none; `columns` as `fakes.stash.footage.picture_columns` gives them."""
    galleries = [] if gallery is None else [{"id": str(gallery)}]
    files = [_file(1_000_000 + number, picture, columns, True, "md5")]
    return {"id": str(number), "title": f"Image {number}", "galleries": galleries, "visual_files": files}


def _file(number: int, place: Path, columns: Mapping[str, Any], is_here: bool, kind: str) -> dict[str, Any]:
    path = place if is_here else Path(_ELSEWHERE) / f"{number}{place.suffix}"
    told = {"id": str(number), "path": str(path), "basename": path.name, "mod_time": AT}
    return {**columns, **told, "source": str(place), "fingerprints": [{"type": kind, "value": f"{number:016x}"}]}


def short_film(path: Path, portrait: Path | None, seconds: float = 2.5) -> None:
    """Encode a small film of somebody who sways; None: of nobody."""
    width, height = _FILM_SIDES
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"preset": "veryfast", "crf": "22"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = width, height, "yuv420p", _RATE
        stream.time_base = Fraction(1, _RATE)
        shown = None
        if portrait is not None:
            with Image.open(portrait) as photograph:
                shown = photograph.convert("RGB").resize(
                    (round(photograph.width * height / photograph.height), height)
                )
        for number in range(round(seconds * _RATE)):
            picture = Image.new("RGB", (width, height), (90, 100, 110))
            if shown is not None:
                picture.paste(shown, (width // 4 + 2 * number, 0))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        container.mux(stream.encode(None))


@contextmanager
def stash_with(document: Mapping[str, Any], folder: Path, *, complains: bool = True) -> Iterator[str]:
    """Give the address of a simulated Stash that holds a document, until the block ends.

    Args:
        document: what it holds.
        folder: where that is written.
        complains: whether it says of clients that go away in the middle of a request, on stderr.
    """
    file = folder / "library.json"
    file.write_text(json.dumps(document))
    command = [sys.executable, "-m", "benchmarks.simulated", str(file)]
    errors = None if complains else subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            url = (process.stdout or sys.stdin).readline().strip()
            if not url:
                raise RuntimeError("the simulated Stash does not start")
            yield url
        finally:
            process.terminate()


def simulate(file: Path) -> None:
    """Serve a document, and tell where."""
    from stash_sense.fakes.graphql.serving import listening, serve_until_interrupted
    from stash_sense.fakes.stash.server import SimulatedStash

    document = json.loads(file.read_bytes())
    for item in (*document.get("scenes", ()), *document.get("images", ())):
        for own in (*item.get("files", ()), *item.get("visual_files", ())):
            if "source" in own:
                own["source"] = Path(own["source"])
    stash = SimulatedStash(library=document)
    listener = listening(0)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    serve_until_interrupted(stash.app, listener)


def settings_in(folder: Path, url: str, threads: int | None = None) -> Settings:
    """Settings of a program with a state of its own and the installed packs, on the processor."""
    told = {"data_dir": folder, "device": "cpu", "stash_url": url, "threads": threads, "pack": None}
    return load_settings().model_copy(update=told)


def is_installed(pack: str) -> bool:
    """Whether a pack can be used."""
    return (load_settings().models_dir / pack / CARD_NAME).exists()


def build_database(services: Services, pack: str, people: Path = PEOPLE) -> None:
    """Build a database of the sample people, or of those of another folder."""
    from stash_sense.performers.building.build import BuildOptions
    from stash_sense.performers.building.sources import FolderSource

    services.builder(pack).build(FolderSource(people), CancelToken(), options=BuildOptions())


if __name__ == "__main__":
    simulate(Path(sys.argv[1]))
