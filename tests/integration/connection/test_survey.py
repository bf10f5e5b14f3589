"""What a Stash holds, and the sample of its files: from all over the library."""

import asyncio
from typing import Any

from stash_sense.adapters.stash.client import StashClient
from stash_sense.connection.survey import Survey, survey
from stash_sense.fakes.stash.server import simulated_stash


def surveyed(library: dict[str, Any]) -> Survey:
    async def ask(url: str) -> Survey:
        async with StashClient(url) as client:
            return await survey(client)

    with simulated_stash(library=library) as stash:
        found = asyncio.run(ask(stash.url))
        assert stash.graphql.flaws == []
        assert len(stash.graphql.seen) < 40
    return found


def scene(number: int, path: str, size: int = 5) -> dict[str, Any]:
    return {"id": str(number), "files": [{"path": path, "size": size, "duration": 1.0}]}


def image(number: int, path: str) -> dict[str, Any]:
    return {"id": str(number), "visual_files": [{"path": path, "size": 7, "width": 4, "height": 3}]}


def folders(*paths: str) -> dict[str, Any]:
    return {"stashes": [{"path": path, "excludeVideo": False, "excludeImage": False} for path in paths]}


def test_the_sample_is_from_all_over_the_library() -> None:
    scenes = [scene(number, f"/data/{number // 100}/{number}.mp4") for number in range(1, 1001)]
    scenes[554] = scene(555, "/more films/a.mp4")
    library = {"scenes": scenes, "configuration": folders("/data", "/more films", "/pictures")}
    library["images"] = [image(1, "/pictures/1.jpg"), image(2, "/pictures/2.jpg")]
    found = surveyed(library)
    assert found.counts == {"scenes": 1000, "images": 2, "galleries": 0, "performers": 0}
    assert found.folders == ("/data", "/more films", "/pictures")
    paths = {file.path for file in found.files}
    assert len({path.split("/")[2] for path in paths if path.startswith("/data/")}) >= 9
    assert {"/more films/a.mp4", "/pictures/1.jpg", "/pictures/2.jpg"} <= paths
    assert 20 < len(paths) <= 30


def test_scenes_without_a_file_and_pictures_in_archives_are_no_help() -> None:
    library = {
        "scenes": [{"id": "1", "title": "nothing"}, scene(2, "/data/empty.mp4", size=0)],
        "images": [image(1, "/data/set.zip/1.jpg"), image(2, "/data/set.zip/2.jpg"), image(3, "/data/3.jpg")],
        "configuration": folders("/data"),
    }
    assert [file.path for file in surveyed(library).files] == ["/data/3.jpg"]


def test_an_empty_library_has_no_sample() -> None:
    found = surveyed({})
    assert (found.files, found.counts["scenes"]) == ((), 0)
