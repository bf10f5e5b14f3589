"""`stash-sense recommendations` and `stash-sense journal`, beside a service and without one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from tests.integration.api.deciding_service import recommend
from tests.integration.recommendations.desk import person
from tests.running_service import FakeServices, fake_services, running
from tests.stash_library import library, snapshot

from stash_sense.api.lock import service_lock
from stash_sense.cli.app import app
from stash_sense.errors import StashSenseError
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.kernel.cancel import CancelToken
from stash_sense.recommendations.unidentified import OtherCandidate, SeenAt, SuggestedPerson

OTHER = OtherCandidate(person_id="x:other", name="Otto", probability=0.08, distance=0.41)
CID = person("Cid", "3", 0.93, seen=(SeenAt(t=75.0, box=(1, 2, 30, 40)),), others=(OTHER,))
DORA = person("Dora")
TAKEN_BACK = "Recommendation {0} is dismissed for good. `stash-sense recommendations reopen {0}` takes it back."


@dataclass
class Shell:
    """Where commands are typed."""

    stash: SimulatedStash
    services: FakeServices
    environment: dict[str, str | None]

    def run(self, *words: str, exits: int = 0) -> str:
        done = typer.testing.CliRunner().invoke(app, list(words), obj=CancelToken(), env=self.environment)
        assert done.exit_code == exits, (done.output, done.exception)
        return done.output

    def told(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def refused(self, *words: str) -> StashSenseError:
        done = typer.testing.CliRunner().invoke(app, list(words), obj=CancelToken(), env=self.environment)
        assert isinstance(done.exception, StashSenseError), (done.output, done.exception)
        return done.exception

    def recommend(self, *people: SuggestedPerson, target: str = "2") -> str:
        return str(recommend(self.services, *people, target=target))

    def performers_of(self, scene: int) -> list[int]:
        return list(self.stash.state.tables["scenes"][scene]["performers"])


@pytest.fixture(params=["served", "alone"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    with simulated_stash(library=library()) as stash:
        environment: dict[str, str | None] = {
            "STASH_SENSE_DATA_DIR": str(tmp_path / "data"),
            "STASH_SENSE_MODELS_DIR": str(tmp_path / "models"),
            "STASH_SENSE_PACK": None,
            "STASH_SENSE_DEVICE": "cpu",
            "STASH_URL": stash.url,
            "COLUMNS": "200",
        }
        services = fake_services(tmp_path, STASH_URL=stash.url)
        if request.param == "alone":
            yield Shell(stash, services, environment)
            services.close()
            return
        with service_lock(tmp_path / "data") as lock, running(services) as service:
            lock.announce(service.url)
            yield Shell(stash, services, environment)


def test_who_was_recognised_is_listed_shown_accepted_and_undone(shell: Shell) -> None:
    assert "nothing to decide" in shell.run("recommendations", "list")
    number = shell.recommend(CID, DORA)
    listed = shell.run("recommendations", "list")
    assert "scene 2: Scene 2" in listed
    assert "Cid 93%, Dora 90% (not in Stash)" in listed
    shown = shell.run("recommendations", "show", number)
    assert "Cid, 93% sure; performer 3 of Stash" in shown
    assert "seen in 4 frames: 1:15, …\n    nearest picture: a picture, distance 0.300\n" in shown
    assert "next likely: Otto, 8%, distance 0.410" in shown
    assert "Accepting it would write:\n  scene 2: add Cid (performer 3)\n" in shown
    assert "→ Dora is not in Stash, and is left out." in shown
    assert f"stash-sense recommendations accept {number} --person Cid --person Dora=new\n" in shown
    nobody = shell.recommend(DORA, target="3")
    assert "→ Recommendation 2 cannot be accepted so: none of its people" in shell.run(
        "recommendations", "show", nobody
    )

    before = snapshot(shell.stash)
    assert "scene 2: add Cid (performer 3)" in shell.run("recommendations", "accept", number, "--dry-run")
    assert snapshot(shell.stash) == before
    accepted = shell.run("recommendations", "accept", number)
    assert f"Recommendation {number} is accepted: Cid is added." in accepted
    assert "→ Dora is not in Stash, and is left out." in accepted
    assert shell.performers_of(2) == [3]
    assert "was accepted before" in shell.run("recommendations", "accept", number)

    written = shell.run("journal", "list")
    assert "scene 2 (Scene 2): add Cid  done" in written
    shown = shell.run("journal", "show", "1")
    assert "Entry 1: scene 2 (Scene 2): add Cid (performer 3)\n" in shown
    assert "Accepted: Cid" in shown
    assert shown.splitlines()[-1].split(maxsplit=2) == ["performer_ids", "nothing", "Cid (performer 3)"]
    group = accepted.rpartition("--group ")[2].partition("`")[0]
    undoing = shell.run("journal", "undo", "--group", group, "--dry-run")
    assert "scene 2 (Scene 2): remove Cid (performer 3)" in undoing
    assert shell.performers_of(2) == [3]
    assert "1 entry is undone." in shell.run("journal", "undo", "--group", group)
    assert shell.performers_of(2) == []
    assert "undone" in shell.run("journal", "list", "--group", group)
    assert "Nothing was written to Stash under the group none; " in shell.run("journal", "list", "--group", "none")


def test_programs_are_told_in_json(shell: Shell) -> None:
    number = shell.recommend(CID)
    (listed,) = shell.told("recommendations", "list")["items"]
    assert shell.told("recommendations", "show", number) == {"schema": 1, "recommendation": listed}
    assert shell.told("recommendations", "accept", number)["performer_ids"] == ["3"]
    (entry,) = shell.told("journal", "list")["items"]
    assert shell.told("journal", "show", "1")["entry"] == entry
    assert shell.told("journal", "undo", "1")["undone"] == [1]
    assert shell.told("recommendations", "dismiss", number)["recommendation"]["status"] == "dismissed"
    assert shell.told("recommendations", "reopen", number)["recommendation"]["status"] == "pending"


def test_pages_are_gone_through_with_a_cursor(shell: Shell) -> None:
    for target in ("1", "2", "3"):
        shell.recommend(CID, target=target)
    first = shell.told("recommendations", "list", "--limit", "2", "--sort", "oldest")
    second = shell.told("recommendations", "list", "--limit", "2", "--sort", "oldest", "--cursor", first["next"])
    assert [one["target_id"] for one in [*first["items"], *second["items"]]] == ["1", "2", "3"]
    assert f"add --cursor {first['next']}" in shell.run("recommendations", "list", "--limit", "2", "--sort", "oldest")
    shell.told("recommendations", "accept", "1", "2", "3")
    page = shell.told("journal", "list", "--limit", "2")
    assert [one["id"] for one in shell.told("journal", "list", "--cursor", page["next"])["items"]] == [1]


def test_somebody_may_be_chosen_by_name_and_be_somebody_else(shell: Shell) -> None:
    number = shell.recommend(CID, DORA)
    assert shell.told("recommendations", "accept", number, "--person", "dora=1")["performer_ids"] == ["1"]
    other = shell.recommend(CID, DORA, target="3")
    refused = shell.refused("recommendations", "accept", other, "--person", "Eva")
    assert "the people of it are Cid, Dora" in str(refused)
    refused = shell.refused("recommendations", "accept", other, "--person", "Dora=new")
    assert "stashbox.example" in str(refused)  # which is not set up in this Stash


def test_somebody_whom_no_stash_box_has_is_created_with_the_name_alone(shell: Shell) -> None:
    number = shell.recommend(person("Cid", "3"), DORA.model_copy(update={"person_id": "folder:Dora"}))
    shell.run("recommendations", "accept", number, "--person", "Dora=new")
    (created,) = [row for row in shell.stash.state.tables["performers"].values() if row["name"] == "Dora"]
    assert shell.performers_of(2) == [created["id"]]


def test_others_are_not_added_to_what_was_accepted_before(shell: Shell) -> None:
    number = shell.recommend(person("Cid", "3"), person("Dora", "1"))
    shell.run("recommendations", "accept", number, "--person", "Cid")
    assert "was accepted before" in shell.run("recommendations", "accept", number, "--person", "Cid")
    assert "reopen it first" in str(shell.refused("recommendations", "accept", number, "--person", "Dora"))
    assert shell.performers_of(2) == [3]


def test_all_of_a_type_are_accepted_after_a_question_and_undone_together(shell: Shell) -> None:
    for target in ("1", "2", "3"):
        shell.recommend(CID, target=target)
    words = ("recommendations", "accept", "--all-of", "unidentified_scene")
    refused = shell.refused(*words, "--json")
    assert refused.code == "not_confirmed"
    assert str(refused).startswith("3 pending recommendations of the type unidentified_scene would be accepted, ")
    assert shell.performers_of(2) == []
    assert shell.told(*words, "--dry-run")["done"] == 3
    assert shell.performers_of(2) == []
    told = shell.run(*words, "--yes")
    assert "3 recommendations are accepted." in told
    assert shell.performers_of(2) == shell.performers_of(3) == [3]
    group = told.rpartition("--group ")[2].partition("`")[0]
    assert "3 entries are undone." in shell.run("journal", "undo", "--group", group)
    assert (shell.performers_of(1), shell.performers_of(2)) == ([1], [])


def test_what_is_refused_of_many_is_told(shell: Shell) -> None:
    numbers = [shell.recommend(CID), shell.recommend(CID, target="99"), shell.recommend(DORA, target="3")]
    told = shell.run("recommendations", "accept", *numbers, exits=1)
    assert "1 recommendation is accepted, 2 not." in told
    assert f"Recommendation {numbers[1]} is not accepted: Stash" in told


def test_where_nothing_was_written_no_way_back_is_told(shell: Shell) -> None:
    numbers = [shell.recommend(CID), shell.recommend(CID, target="3")]
    shell.run("recommendations", "accept", *numbers)
    told = shell.run("recommendations", "accept", *numbers)
    assert told == "2 recommendations are accepted.\n"
    assert shell.told("recommendations", "accept", *numbers)["group"] is None
    there = shell.recommend(person("Ada", "1"), target="1")
    assert "everybody was there already, and nothing was written." in shell.run("recommendations", "accept", there)
    shell.run("journal", "undo", "1")
    assert shell.run("journal", "undo", "1") == "1 entry is undone. It was so before.\n"


def test_many_are_dismissed_for_good(shell: Shell) -> None:
    numbers = [shell.recommend(CID, target=target) for target in ("1", "2", "3")]
    dismissed = shell.run("recommendations", "dismiss", numbers[0], "--permanent", "--reason", "no")
    assert dismissed == f"{TAKEN_BACK.format(numbers[0])}\n"
    assert "Dismissed because: no" in shell.run("recommendations", "show", numbers[0])
    told = shell.run("recommendations", "dismiss", "--all-of", "unidentified_scene", "--yes")
    assert "2 recommendations are dismissed." in told
    assert shell.told("recommendations", "list", "--status", "dismissed")["items"][0]["status"] == "dismissed"


def test_what_was_changed_since_is_not_undone_and_that_is_an_exit_code(shell: Shell) -> None:
    number = shell.recommend(CID)
    group = shell.told("recommendations", "accept", number)["recommendation"]["group"]
    shell.stash.state.tables["scenes"][2]["performers"] = [1]
    told = shell.run("journal", "undo", "--group", group, exits=1)
    assert "changed the performers of scene 2 since: 3 was written, and now it is 1." in told
    assert "Nothing is undone." in told


@pytest.mark.parametrize(
    "words",
    [
        ("recommendations", "accept"),
        ("recommendations", "accept", "1", "--all-of", "unidentified_scene"),
        ("recommendations", "accept", "1", "2", "--person", "Cid"),
        ("recommendations", "accept", "1", "--least", "0.9"),
        ("recommendations", "list", "--status", "open"),
        ("recommendations", "list", "--sort", "colour"),
        ("recommendations", "show", "9"),
        ("journal", "undo"),
        ("journal", "undo", "1", "--group", "a"),
        ("journal", "show", "9"),
    ],
)
def test_what_makes_no_sense_is_refused(shell: Shell, words: tuple[str, ...]) -> None:
    assert str(shell.refused(*words))


def test_names_of_strangers_give_the_terminal_no_orders(shell: Shell) -> None:
    shell.recommend(person("Cid [red]\x1b[31m", "3"))
    assert "Cid [red]\\x1b[31m" in shell.run("recommendations", "list")


def test_the_journal_can_be_read_while_stash_is_away(shell: Shell) -> None:
    number = shell.recommend(CID, DORA)
    shell.run("recommendations", "accept", number)
    shell.stash.status = "NEEDS_MIGRATION"
    assert "scene 2: add performer 3" in shell.run("journal", "list")
    assert "Entry 1: scene 2: add performer 3" in shell.run("journal", "show", "1")
    shell.environment["STASH_URL"] = None
    assert "scene 2: add performer 3" in shell.run("journal", "list")


def test_what_many_would_write_is_said_with_names(shell: Shell) -> None:
    numbers = [shell.recommend(CID), shell.recommend(CID, target="3")]
    told = shell.run("recommendations", "accept", *numbers, "--dry-run")
    assert f"Recommendation {numbers[1]}: scene 3 (Scene 3): add Cid (performer 3)" in told
