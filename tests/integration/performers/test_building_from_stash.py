"""Databases built of the performers of a Stash, over HTTP."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.children import surroundings
from tests.fakes_faces import BLUE, GREEN, RED, YELLOW
from tests.people_servers import BEGINNING, Servers, png, serving
from tests.performers_builds import Workshop, codes, stopping_at

from stash_sense.errors import (
    Cancelled,
    PerformersLost,
    PerformersWithoutPictures,
    StashKeyWrong,
    StashUnreachable,
)
from stash_sense.fakes.stash.faults import Fault
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.performers.building.build import BuildReport
from stash_sense.performers.reader import read_performers
from stash_sense.performers.records import PerformerRecord
from stash_sense.performers.versions.forgetting import forget

STASHDB, TPDB = "https://stashdb.org/graphql", "https://theporndb.net/graphql"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with serving(tmp_path) as servers:
        yield servers


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def linked(*ids: tuple[str, str]) -> list[dict[str, str]]:
    return [{"endpoint": endpoint, "stash_id": one, "updated_at": BEGINNING.isoformat()} for endpoint, one in ids]


def faces(report: BuildReport) -> dict[str, int]:
    people = read_performers(report.folder, report.manifest)
    return {one.record.name: len(one.faces) for one in people}


def records(report: BuildReport) -> dict[str, PerformerRecord]:
    return {one.record.name: one.record for one in read_performers(report.folder, report.manifest)}


def test_everybody_with_a_picture_is_in_it_with_the_images_that_show_nobody_else(
    servers: Servers, workshop: Workshop
) -> None:
    stash = servers.stash
    ann, bea = stash.performer("Ann", png(RED)), stash.performer("Bea")
    stash.performer("Silhouette")
    cem = stash.performer("Cem", png(BLUE))
    for number in range(3):
        stash.image(f"ann {number}.png", png(RED, 60 + number), ann)
    stash.image("bea.png", png(GREEN), bea)
    stash.image("both.png", png(YELLOW, 61), ann, cem)
    stash.image("nobody.png", png(YELLOW, 62))

    report = workshop.build(source=servers.stash_source())

    assert faces(report) == {"Ann": 4, "Bea": 1, "Cem": 1}
    assert (report.pictures, report.described, report.notes) == (6, 6, ())
    assert report.manifest.sources == ("a Stash library",)
    assert stash.pictures_asked() == [
        *(f"/image/{image}/image" for image in (1, 2, 3, 4)),
        *(f"/performer/{one}/image" for one in (ann, cem)),
    ]


def test_without_images_only_the_performers_own_pictures_are_used(servers: Servers, workshop: Workshop) -> None:
    stash = servers.stash
    stash.image("ann.png", png(RED, 60), stash.performer("Ann", png(RED)))
    assert faces(workshop.build(source=servers.stash_source(most=0))) == {"Ann": 1}


def test_files_that_we_see_are_not_fetched(servers: Servers, workshop: Workshop) -> None:
    stash = servers.stash
    stash.image("ann.png", png(RED, 60), stash.performer("Ann", png(RED)))
    assert faces(workshop.build(source=servers.stash_source(sees_files=True))) == {"Ann": 2}
    assert stash.pictures_asked() == ["/performer/1/image"]


def test_another_file_in_the_place_of_the_one_that_stash_knows_is_not_taken_for_it(
    servers: Servers, workshop: Workshop
) -> None:
    stash = servers.stash
    stash.image("ann.png", png(RED, 60), stash.performer("Ann"))
    (stash.media / "ann.png").write_bytes(png(BLUE, 80))
    workshop.build(source=servers.stash_source(sees_files=True))
    assert stash.pictures_asked() == ["/image/1/image"]


def test_a_second_build_fetches_and_describes_only_what_changed(servers: Servers, workshop: Workshop) -> None:
    stash = servers.stash
    ann, bea = stash.performer("Ann", png(RED)), stash.performer("Bea", png(BLUE))
    stash.image("ann.png", png(RED, 60), ann)
    first = workshop.build(source=servers.stash_source())
    stash.pictures_asked()

    second = workshop.build(source=servers.stash_source())
    assert stash.pictures_asked() == []
    assert (second.described, second.reused, second.unchanged) == (0, 3, True)
    assert second.version == first.version

    stash.change(bea, rating100=80)  # a picture that may have changed is fetched, but one that has not is known
    third = workshop.build(source=servers.stash_source())
    assert stash.pictures_asked() == [f"/performer/{bea}/image"]
    assert (third.described, third.reused, third.unchanged) == (0, 3, True)

    stash.image("ann 2.png", png(RED, 90), ann)
    fourth = workshop.build(source=servers.stash_source())
    assert stash.pictures_asked() == ["/image/2/image"]
    assert (fourth.described, fourth.reused, fourth.unchanged) == (1, 3, False)


def test_the_library_is_listed_by_pages_of_people_and_not_by_person(servers: Servers, workshop: Workshop) -> None:
    stash = servers.stash
    for number in range(30):
        stash.image(f"{number}.png", png(RED, 60 + number), stash.performer(f"P{number}"))
    workshop.build(source=servers.stash_source(sees_files=True))
    stash.server.graphql.seen.clear()
    workshop.build(source=servers.stash_source(sees_files=True))
    asked = [operation.name for operation in stash.server.graphql.seen]
    assert len(asked) <= 6, asked


def test_who_somebody_is_follows_their_ids_at_stash_boxes(servers: Servers, workshop: Workshop) -> None:
    stash = servers.stash
    stash.performer(
        "Ann", png(RED), stash_ids=linked((TPDB, "t1"), (STASHDB, "s1")), aliases=["Annie"], gender="FEMALE"
    )
    bea = stash.performer("Bea", png(BLUE), birthdate="1980-01-02", urls=["https://example.org/bea", "nonsense"])
    stash.performer("Ann again", png(RED, 70), stash_ids=linked((STASHDB, "s1")))

    report = workshop.build(source=servers.stash_source())
    known = records(report)
    ann, alone = known["Ann"], known["Bea"]
    assert ann.universal_id == "stashdb.org:s1"
    assert [(one.endpoint, one.id) for one in ann.stashbox_ids] == [
        ("stashdb.org", "s1"),
        ("theporndb.net", "t1"),
    ]
    assert [alias.name for alias in ann.aliases] == ["Annie", "Ann again"]
    assert ann.gender == "FEMALE"
    assert faces(report) == {"Ann": 2, "Bea": 1}
    assert alone.universal_id == f"stash:{bea}-20261101T080200Z"
    assert (alone.birth_date, alone.urls) == ("1980-01-02", ("https://example.org/bea",))


def test_where_a_library_is_stays_the_users_own_business(servers: Servers, workshop: Workshop) -> None:
    servers.stash.image("secret.png", png(RED, 60), servers.stash.performer("Ann", png(RED)))
    report = workshop.build(source=servers.stash_source())
    written = {file.name: file.read_bytes() for file in report.folder.iterdir()}
    assert any(b"Ann" in content for content in written.values()), "what is told is there to be read"
    for word in (servers.stash.server.url.encode(), b"secret.png"):
        assert [name for name, content in written.items() if word in content] == []


def test_who_was_forgotten_stays_so_whatever_stash_links_them_with(servers: Servers, workshop: Workshop) -> None:
    stash = servers.stash
    ann = stash.performer("Ann", png(RED), stash_ids=linked((STASHDB, "s1")))
    stash.performer("Bea", png(BLUE))
    workshop.build(source=servers.stash_source())
    forget(workshop.library, "Ann", CancelToken())
    stash.pictures_asked()

    stash.change(ann, stash_ids=[])
    report = workshop.build(source=servers.stash_source())
    assert faces(report) == {"Bea": 1}
    assert codes(report) == [("forgotten", "Ann")]
    assert stash.pictures_asked() == []


def test_a_picture_that_cannot_be_used_is_said_with_its_page_and_tried_again(
    servers: Servers, workshop: Workshop
) -> None:
    stash = servers.stash
    ann = stash.performer("Ann", png(RED))
    broken = stash.performer("Bea", b"no picture")
    image = stash.image("gone.png", png(RED, 60), ann)
    (stash.media / "gone.png").unlink()

    for _ in range(2):
        report = workshop.build(source=servers.stash_source(sees_files=True))
        bad = " ".join(note.message for note in report.notes if note.code == "bad_picture")
        assert faces(report) == {"Ann": 1}
        assert codes(report) == [("bad_picture", "Ann"), ("bad_picture", "Bea"), ("no_reference", "Bea")]
        assert f"/image/{image}/image" in bad
        assert f"{stash.server.url}/performers/{broken} is neither" in bad
        assert f"/performer/{broken}/image" in stash.pictures_asked()


def test_a_stash_that_goes_away_in_the_middle_ends_the_build_which_goes_on_later(
    servers: Servers, workshop: Workshop
) -> None:
    stash = servers.stash
    for number in range(40):
        stash.performer(f"P{number}", png(RED, 40 + number))

    def listen(report: Progress) -> None:
        if (report.stage, report.done) == ("describing", 16):
            stash.server.faults.add(Fault("reset", path="/performer/"))

    with pytest.raises(PerformersLost, match="The Stash library went away") as lost:
        workshop.build(source=servers.stash_source(pauses=(0.0, 0.0)), progress=listen)
    assert "the same command goes on there" in str(lost.value)
    assert workshop.library.current() is None
    stash.server.faults.clear()
    stash.pictures_asked()

    report = workshop.build(source=servers.stash_source())
    assert (report.pictures, report.reused) == (40, 16)
    assert len(stash.pictures_asked()) == 24


def test_a_stash_that_restarts_is_waited_for(servers: Servers, workshop: Workshop) -> None:
    for number in range(3):
        servers.stash.performer(f"P{number}", png(RED, 40 + number))
    servers.stash.server.faults.add(Fault("reset", times=2, path="/performer/"))
    assert workshop.build(source=servers.stash_source(pauses=(0.0, 0.0, 0.0))).described == 3


def test_a_server_that_has_no_picture_to_give_at_all_is_given_up(servers: Servers, workshop: Workshop) -> None:
    for number in range(30):
        servers.stash.performer(f"P{number}", png(RED, 40 + number))
    servers.stash.server.faults.add(Fault("broken", path="/performer/"))
    with pytest.raises(PerformersLost):
        workshop.build(source=servers.stash_source())
    assert len(servers.stash.pictures_asked()) <= 16


def test_a_build_that_was_stopped_goes_on_where_it_was(servers: Servers, workshop: Workshop) -> None:
    for number in range(40):
        servers.stash.performer(f"P{number}", png(RED, 40 + number))
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        workshop.build(source=servers.stash_source(), cancel=cancel, progress=stopping_at(cancel, "describing", 16))
    servers.stash.pictures_asked()
    report = workshop.build(source=servers.stash_source())
    assert (report.described, report.reused) == (24, 16)
    assert len(servers.stash.pictures_asked()) == 24


def build_until(root: str, url: str, done: int) -> None:
    """Build, and kill this process when so many pictures are described; the child's part of the next test."""
    servers = Servers(Path(root))
    servers.stash.server.url = url

    def listen(report: Progress) -> None:
        if (report.stage, report.done) == ("describing", done):
            os.kill(os.getpid(), signal.SIGKILL)

    Workshop(Path(root)).build(source=servers.stash_source(), progress=listen)


def test_a_build_that_was_killed_goes_on_where_it_was(servers: Servers, workshop: Workshop) -> None:
    for number in range(70):
        servers.stash.performer(f"P{number}", png(RED, 40 + number))
    module = "tests.integration.performers.test_building_from_stash"
    code = f"from {module} import build_until\nbuild_until({str(workshop.root)!r}, {servers.stash.server.url!r}, 50)"
    child = subprocess.run([sys.executable, "-c", code], env=surroundings(), check=False, capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    servers.stash.pictures_asked()

    report = workshop.build(source=servers.stash_source())
    assert (report.pictures, report.manifest.face_count) == (70, 70)
    assert len(servers.stash.pictures_asked()) <= 70 - 32
    assert report.described <= 70 - 32


def test_a_stash_that_cannot_be_asked_is_said_before_anything_is_built(servers: Servers, workshop: Workshop) -> None:
    servers.stash.performer("Ann")
    with pytest.raises(PerformersWithoutPictures, match="Nobody in the Stash library has a picture"):
        workshop.build(source=servers.stash_source())
    with pytest.raises(StashKeyWrong):
        workshop.build(source=servers.stash_source(key="a-wrong-key"))
    source = servers.stash_source()
    servers.stash.block.close()
    with pytest.raises(StashUnreachable):
        workshop.build(source=source)
