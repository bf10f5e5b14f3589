"""A simulated Stash with a film, pictures and galleries of the sample people, whom the real pack `lite` knows."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.integration.identification.library_media import BIDEN, COLLINS, OBAMA, performer

from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.bootstrap import Services, build
from stash_sense.bootstrap.recognition import recognizer_of
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.identification.library_items import LibraryIdentifier
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.models.card import CARD_NAME
from stash_sense.models.catalogue import Catalogue
from stash_sense.models.store import PackStore
from stash_sense.performers.building.enrolment import Enrolment
from stash_sense.performers.building.sources import FolderSource
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.samples.film import make_film
from stash_sense.settings import Settings, load_settings

KEY = "a-key-that-is-long-enough"


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    store = PackStore(load_settings().models_dir, OnnxRuntime(2, "cpu"), Catalogue.shipped())
    folder = store.models_dir / "lite"
    if not (folder / CARD_NAME).exists():
        pytest.skip(f"the pack lite is not installed in {folder}; type `stash-sense models install lite`")
    return recognizer_of(store.open("lite"), Limits())


@pytest.fixture(scope="module")
def enrolment(recognizer: Recognizer) -> Enrolment:
    return recognizer.enrol(PEOPLE, CancelToken())


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_film(path)
    return path


@pytest.fixture
def media(tmp_path: Path, film: Path) -> Path:
    """The folder of a library: a film, and the sample people as its performers."""
    folder = tmp_path / "media"
    shutil.copytree(PEOPLE, folder / "performers")
    shutil.copy(film, folder / "film.mp4")
    return folder


@pytest.fixture
def stash(media: Path) -> Iterator[SimulatedStash]:
    with simulated_stash(media=media, api_key=KEY) as stash:
        yield stash


@pytest.fixture
def services(stash: SimulatedStash, tmp_path: Path) -> Iterator[Services]:
    services = build(settings(stash, tmp_path))
    yield services
    services.close()


def settings(stash: SimulatedStash, folder: Path) -> Settings:
    return Settings(
        data_dir=folder / "data",
        models_dir=folder / "models",
        device="cpu",
        stash_url=stash.url,
        stash_api_key=SecretStr(KEY),
    )


@pytest.fixture
def identifier(services: Services, recognizer: Recognizer, enrolment: Enrolment) -> LibraryIdentifier:
    return services.library_identifier(recognizer, enrolment.gallery, Request())


@pytest.fixture(scope="module")
def database(recognizer: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database of the sample people."""
    folder = tmp_path_factory.mktemp("database")
    services = build(Settings(data_dir=folder, models_dir=load_settings().models_dir, device="cpu"))
    services.builder(recognizer.pack).build(FolderSource(PEOPLE), services.cancel)
    services.close()
    return folder


@pytest.fixture
def knowing(stash: SimulatedStash, tmp_path: Path, database: Path, recognizer: Recognizer) -> Iterator[Services]:
    """Services of that Stash that know the sample people."""

    class Opened(Services):
        """Services whose models are open already."""

        @contextmanager
        def recognizing(self, pack: str | None) -> Iterator[Recognizer]:
            yield recognizer

    shutil.copytree(database, tmp_path / "data")
    told = settings(stash, tmp_path).model_copy(update={"models_dir": load_settings().models_dir})
    services = Opened(told, CancelToken(), Limits())
    yield services
    services.close()


@pytest.fixture
def gallery(media: Path, stash: SimulatedStash) -> str:
    """A gallery: two people, a stranger, a broken file, and one without any."""
    for name, picture in (
        ("a.jpg", PEOPLE / OBAMA / "portrait.jpg"),
        ("b.jpg", PEOPLE / BIDEN / "portrait.jpg"),
        ("c.jpg", STRANGER),
        ("d.jpg", PEOPLE / COLLINS / "portrait.jpg"),
    ):
        shutil.copy(picture, media / name)
    stash.work.find(())
    files = {row["basename"]: row for row in stash.state.tables["files"].values()}
    (media / "d.jpg").write_bytes((media / "d.jpg").read_bytes()[:2000].ljust(files["d.jpg"]["size"], b"\0"))
    with stash.state.transaction():
        made = stash.state.insert("galleries", title="Portraits")["id"]
        empty = stash.state.insert("images", files=[])["id"]
        for image in stash.state.tables["images"]:
            stash.state.change("images", image)["galleries"] = [made]
        stash.state.change("galleries", made)["performers"] = [performer(stash, BIDEN)]
    assert empty
    return str(made)
