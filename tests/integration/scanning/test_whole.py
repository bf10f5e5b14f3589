"""A library with real media, scanned as a user scans it, with the real pack `lite`."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from tests.queue_files import until
from tests.running_service import running

from stash_sense.api.lock import service_lock
from stash_sense.bootstrap import Services, build
from stash_sense.cli.app import app
from stash_sense.errors import DatabaseMissing, ScanScopeUnknown, StashMigrationNeeded
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.fingerprints.fingerprint import Item, Outcome
from stash_sense.kernel.cancel import CancelToken
from stash_sense.models.card import CARD_NAME
from stash_sense.performers.building.build import BuildOptions
from stash_sense.performers.building.sources import FolderSource
from stash_sense.recommendations.recommendation import Recommendation, Status
from stash_sense.recommendations.store import PageQuery
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.samples.film import make_film
from stash_sense.settings import Settings, load_settings

OBAMA, COLLINS, BIDEN = "Barack Obama", "Eileen Collins", "Joe Biden"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_film(path)
    return path


@pytest.fixture
def media(tmp_path: Path, film: Path) -> Path:
    """The folder of a library: a film, one that is none, two pictures of a gallery, and the performers."""
    folder = tmp_path / "media"
    shutil.copytree(PEOPLE, folder / "performers")
    shutil.copy(film, folder / "film.mp4")
    shutil.copy(film, folder / "broken.mp4")
    shutil.copy(PEOPLE / BIDEN / "portrait.jpg", folder / "a.jpg")
    shutil.copy(STRANGER, folder / "b.jpg")
    return folder


@pytest.fixture
def stash(media: Path) -> Iterator[SimulatedStash]:
    with simulated_stash(media=media, job_pause=0.001) as stash:
        broken = media / "broken.mp4"
        broken.write_bytes(bytes(broken.stat().st_size))
        with stash.state.transaction():
            gallery = stash.state.insert("galleries", title="Portraits")["id"]
            for image in stash.state.tables["images"]:
                stash.state.change("images", image)["galleries"] = [gallery]
        yield stash


@pytest.fixture
def settings(stash: SimulatedStash, tmp_path: Path) -> Settings:
    models = load_settings().models_dir
    if not (models / "lite" / CARD_NAME).exists():
        pytest.skip(f"the pack lite is not installed in {models}; type `stash-sense models install lite`")
    return Settings(data_dir=tmp_path / "data", models_dir=models, device="cpu", stash_url=stash.url)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = build(settings)
    yield services
    services.close()


def database(services: Services, folder: Path, *people: str) -> None:
    """Build a database of some of the sample people."""
    for name in people:
        shutil.copytree(PEOPLE / name, folder / name, dirs_exist_ok=True)
    services.builder("lite").build(FolderSource(folder), CancelToken(), options=BuildOptions())


def run(services: Services, *words: str) -> typer.testing.Result:
    settings = services.settings
    environment = {
        "STASH_SENSE_DATA_DIR": str(settings.data_dir),
        "STASH_SENSE_MODELS_DIR": str(settings.models_dir),
        "STASH_SENSE_DEVICE": "cpu",
        "STASH_SENSE_PACK": None,
        "STASH_URL": settings.stash_url,
        "COLUMNS": "200",
    }
    return typer.testing.CliRunner().invoke(app, list(words), obj=CancelToken(), env=environment)


def counted(services: Services, *words: str) -> dict[str, Any]:
    answer = run(services, "scan", "--json", *words)
    assert answer.exit_code == 0, answer.output
    result: dict[str, Any] = json.loads(answer.stdout)["job"]["result"]
    return result


def pending(services: Services) -> list[Recommendation]:
    return list(services.recommendations.page(PageQuery(statuses=(Status.PENDING,))))


def said(services: Services) -> dict[str, set[str]]:
    return {one.target.kind: {person["name"] for person in one.details["people"]} for one in pending(services)}


def scene_of(stash: SimulatedStash, name: str) -> int:
    tables = stash.state.tables
    file = next(row["id"] for row in tables["files"].values() if row["basename"] == name)
    return next(int(row["id"]) for row in tables["scenes"].values() if file in row["files"])


def test_a_library_is_scanned_what_is_recommended_is_accepted_and_nothing_comes_back(
    services: Services, stash: SimulatedStash, tmp_path: Path
) -> None:
    database(services, tmp_path / "people", OBAMA, COLLINS, BIDEN)
    preview = run(services, "scan", "--dry-run", "--json")
    kinds = json.loads(preview.stdout)["kinds"]
    assert [(one["kind"], one["new"], one["total"]) for one in kinds] == [("scenes", 2, 2), ("images", 2, 2)]

    result = counted(services)
    assert (result["looked"], result["recommended"], result["failures"]) == (4, 2, {"input_not_media": 1})
    film = scene_of(stash, "film.mp4")
    assert said(services) == {"scene": {OBAMA, COLLINS, BIDEN}, "gallery": {BIDEN}}
    scene = next(one for one in pending(services) if one.target.kind == "scene")
    assert (scene.target.id, scene.details["unknown"]) == (str(film), 1)
    for person in scene.details["people"]:
        performer = stash.state.tables["performers"][int(person["performer_id"])]
        assert performer["name"] == person["name"]
        crops = [services.fingerprints.crop(Item("scene", str(film)), seen["face"]) for seen in person["seen"]]
        assert [crop[:2] for crop in crops if crop is not None][:1] == [b"\xff\xd8"]

    services.decide(lambda decisions: decisions.accept(scene.id))
    assert len(stash.state.tables["scenes"][film]["performers"]) == 3
    for one in pending(services):
        services.recommendations.dismiss(one.id)
    again = counted(services)
    assert (again["unchanged"], again["looked"], again["recommended"]) == (4, 0, 0)
    assert pending(services) == []

    nothing = "Stash has no scene or image with 'nonsense' in the path of a file: look there how it writes paths"
    for words in (("scan",), ("scan", "--dry-run")):
        told = run(services, *words, "--path", "nonsense")
        assert (told.exit_code, told.stdout.splitlines()[0]) == (0, f"{nothing}, or ask for more.")
    assert "0 looked at" not in told.stdout
    assert counted(services, "--path", "nonsense")["nothing_found"].startswith(nothing)
    preview = json.loads(run(services, "scan", "--dry-run", "--json", "--path", "nonsense").stdout)
    assert preview["nothing_found"].startswith(nothing)

    told = run(services, "scan", "--scenes", "--retry-failed")
    assert told.exit_code == 0
    assert "1 looked at, 0 compared with the database again, 1 unchanged." in told.stdout
    assert "input_not_media: 1" in told.stdout
    assert "1 cannot be looked at: `stash-sense scan --failures` says why" in told.stdout
    broken = f"scene {scene_of(stash, 'broken.mp4')}: broken.mp4"
    assert run(services, "scan", "--failures").stdout.splitlines()[0] == broken
    (failure,) = json.loads(run(services, "scan", "--failures", "--json").stdout)["failures"]
    assert (failure["kind"], failure["code"]) == ("scene", "input_not_media")
    assert "could be looked at" in run(services, "scan", "--failures", "--images").stdout


def test_a_new_database_needs_no_frames(services: Services, stash: SimulatedStash, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    database(services, folder, OBAMA, COLLINS)
    counted(services)
    assert said(services) == {"scene": {OBAMA, COLLINS}}
    film = str(scene_of(stash, "film.mp4"))
    before = services.fingerprints.get(Item("scene", film))
    database(services, folder, BIDEN)
    stash.requests.clear()
    result = counted(services)
    assert (result["looked"], result["rematched"], result["unchanged"]) == (0, 3, 1)
    assert {path for _, path in stash.requests} == {"/graphql"}
    assert said(services) == {"scene": {OBAMA, COLLINS, BIDEN}, "gallery": {BIDEN}}
    after = services.fingerprints.get(Item("scene", film))
    assert before is not None
    assert after is not None
    assert (after.outcome, after.looked_at) == (Outcome.FACES, before.looked_at)
    assert after.database != before.database


def test_what_cannot_be_scanned_is_said_before_it_is_put_into_the_queue(
    services: Services, stash: SimulatedStash, tmp_path: Path
) -> None:
    assert isinstance(run(services, "scan").exception, DatabaseMissing)
    database(services, tmp_path / "people", OBAMA)
    assert isinstance(run(services, "scan", "--tag", "Nowhere", "--json").exception, ScanScopeUnknown)
    stash.status = "NEEDS_MIGRATION"
    assert isinstance(run(services, "scan", "--tag", "Any").exception, StashMigrationNeeded)
    assert not services.queue.page(None, 9, []).jobs


def test_the_service_scans_what_is_new_after_stash_where_the_user_wants_that(
    settings: Settings, stash: SimulatedStash, media: Path, film: Path, tmp_path: Path
) -> None:
    services, other = build(settings), build(settings)
    database(services, tmp_path / "people", OBAMA, COLLINS, BIDEN)
    with (
        contextlib.closing(other),
        service_lock(settings.data_dir) as lock,
        running(services) as service,
        service.client() as client,
    ):
        lock.announce(service.url)
        service.state.background.begin()
        assert counted(other, "--scenes")["looked"] == 2  # the service does it
        until(lambda: client.get("/stash").json()["listening"] == "subscription")
        assert client.put("/settings", json={"settings": {"scan_new_scenes": True}}).status_code == 200
        shutil.copy(film, media / "new.mp4")
        (media / "new.mp4").write_bytes((media / "new.mp4").read_bytes() + b"\0" * 100_000)
        other.ask(lambda library: library.jobs.scan())
        until(lambda: "scene 3" in _known(services), "what is new was not scanned", 60)
        jobs = client.get("/queue").json()["jobs"]
        assert jobs[0]["triggered_by"] == "stash"


def _known(services: Services) -> set[str]:
    return {f"scene {id_}" for id_ in services.fingerprints.several("scene", ["1", "2", "3"])}
