"""What performers take, what they refuse, and what stays when only some fields are given."""

import pytest
from tests.integration.fakes.stash_changes.asking import TINY_PICTURE, Asking

ENDPOINT = "https://stashbox.example/graphql"


def test_a_performer_is_made_of_what_is_given_and_nothing_is_null_that_stash_keeps_as_text(stash: Asking) -> None:
    made = stash.make("performer", "name disambiguation hair_color gender birthdate favorite alias_list", name="Ada")

    assert made == {
        "name": "Ada",
        "disambiguation": "",
        "hair_color": "",
        "gender": None,
        "birthdate": None,
        "favorite": False,
        "alias_list": [],
    }


def test_an_update_leaves_alone_what_it_does_not_name_and_null_and_nothing_clear(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada", hair_color="Red", details="d", rating100=40, birthdate="1980")[
        "id"
    ]

    stash.update("performer", id=ada, hair_color=None, details="", rating100=None, birthdate="")

    assert stash.see("performer", ada, "name hair_color details rating100 birthdate") == {
        "name": "Ada",
        "hair_color": "",
        "details": "",
        "rating100": None,
        "birthdate": None,
    }


def test_a_flag_cannot_be_null(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada", favorite=True)["id"]

    assert "null value" in stash.update_refused("performer", id=ada, favorite=None)
    assert stash.see("performer", ada, "favorite") == {"favorite": True}


@pytest.mark.parametrize("name", ["Ada", "ADA", "  ada "])
def test_a_name_is_taken_once_in_any_case(stash: Asking, name: str) -> None:
    stash.make("performer", "id", name="Ada")

    assert stash.make_refused("performer", name=name) == f"performer with name '{name.strip()}' already exists"


def test_a_name_is_free_again_with_another_disambiguation(stash: Asking) -> None:
    stash.make("performer", "id", name="Ada", disambiguation="one")

    assert stash.make("performer", "name", name="Ada", disambiguation="two")
    assert stash.make("performer", "name", name="Ada")
    refusal = stash.make_refused("performer", name="Ada", disambiguation="ONE")
    assert refusal == "performer with name 'Ada' and disambiguation 'ONE' already exists"


def test_an_update_to_the_name_of_another_is_refused_and_to_the_own_name_is_not(stash: Asking) -> None:
    stash.make("performer", "id", name="Ada")
    bob = stash.make("performer", "id", name="Bob")["id"]

    assert stash.update("performer", id=bob, name="bob") == {"id": bob}
    assert stash.update_refused("performer", id=bob, name="ada") == "performer with name 'ada' already exists"


def test_an_alias_may_be_the_name_of_another_performer(stash: Asking) -> None:
    stash.make("performer", "id", name="Ada", alias_list=["A."])

    assert stash.make("performer", "alias_list", name="A.", alias_list=["Ada"]) == {"alias_list": ["Ada"]}


@pytest.mark.parametrize(("aliases", "named"), [(["ada"], "ada"), (["x", "X", "x"], "X")])
def test_an_alias_may_repeat_neither_the_name_nor_another(stash: Asking, aliases: list[str], named: str) -> None:
    refusal = stash.make_refused("performer", name="Ada", alias_list=aliases)

    assert refusal == f"performer contains duplicate alias '{named}'"


@pytest.mark.parametrize("name", ["", "   "])
def test_a_name_of_nothing_is_refused(stash: Asking, name: str) -> None:
    assert stash.make_refused("performer", name=name) == "performer name must not be blank"


@pytest.mark.parametrize(("given", "kept"), [("1980", "1980"), ("1980-05", "1980-05"), ("1980-05-06", "1980-05-06")])
def test_a_date_may_be_a_year_or_a_month(stash: Asking, given: str, kept: str) -> None:
    assert stash.make("performer", "birthdate", name="Ada", birthdate=given) == {"birthdate": kept}


@pytest.mark.parametrize("given", ["yesterday", "80/02/03", "1980-13", "1980-02-31", "1980-5", "198", "1980-05-06x"])
def test_any_other_date_is_refused(stash: Asking, given: str) -> None:
    refusal = stash.make_refused("performer", name="Ada", birthdate=given)

    assert refusal.startswith(f'converting birthdate: failed to parse date "{given}": [ParseDate')


def test_death_before_birth_is_refused(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada", birthdate="1980-06")["id"]

    refusal = stash.update_refused("performer", id=ada, death_date="1980-05-31")
    assert refusal == "death date 1980-05-31 should be after birthdate 1980-06"
    assert stash.update("performer", id=ada, death_date="1980-06-01") == {"id": ada}


def test_a_rating_of_900_and_two_stash_ids_of_one_endpoint_are_taken(stash: Asking) -> None:
    ids = [{"endpoint": ENDPOINT, "stash_id": "b"}, {"endpoint": ENDPOINT, "stash_id": "a"}]

    made = stash.make("performer", "rating100 stash_ids{endpoint stash_id}", name="Ada", rating100=900, stash_ids=ids)

    assert made == {"rating100": 900, "stash_ids": ids}


def test_stash_ids_are_replaced_and_get_the_time_they_came(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada", stash_ids=[{"endpoint": ENDPOINT, "stash_id": "a"}])["id"]
    stash.clock.pass_seconds(60)

    stash.update("performer", id=ada, stash_ids=[{"endpoint": "https://other.example", "stash_id": "b"}])

    (kept,) = stash.see("performer", ada, "stash_ids{endpoint stash_id updated_at}")["stash_ids"]
    assert kept == {
        "endpoint": "https://other.example",
        "stash_id": "b",
        "updated_at": "2026-01-02T03:05:05.000000000Z",
    }


def test_custom_fields_are_replaced_set_and_removed(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada", custom_fields={"shoe": "39", "n": 3})["id"]

    def after(**change: object) -> object:
        stash.update("performer", id=ada, custom_fields=change)
        return stash.see("performer", ada, "custom_fields")["custom_fields"]

    assert after(partial={"hat": "M"}) == {"shoe": "39", "n": 3, "hat": "M"}
    assert after(remove=["n", "absent"]) == {"shoe": "39", "hat": "M"}
    assert after(full={"only": 1}) == {"only": 1}


def test_a_picture_is_any_bytes_of_a_data_url_and_nothing_clears_it(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada", image=TINY_PICTURE)["id"]
    assert "default=true" not in stash.see("performer", ada, "image_path")["image_path"]

    stash.update("performer", id=ada, image="")
    assert "default=true" in stash.see("performer", ada, "image_path")["image_path"]

    stash.update("performer", id=ada, image="data:image/png;base64,aGVsbG8=")
    assert "default=true" not in stash.see("performer", ada, "image_path")["image_path"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("data:image/png;base64,####", "illegal base64 data at input byte 0"),
        ("data:image/png;base64,aGVs#", "illegal base64 data at input byte 4"),
        ("picture.png", "invalid base64 image"),
        (
            "http://127.0.0.1:1/x.jpg",
            'Get "http://127.0.0.1:1/x.jpg": dial tcp 127.0.0.1:1: connect: connection refused',
        ),
        (
            "http://elsewhere.example/x.jpg",
            'Get "http://elsewhere.example/x.jpg": dial tcp: lookup elsewhere.example: no such host',
        ),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(stash: Asking, given: str, why: str) -> None:
    assert stash.make_refused("performer", name="Ada", image=given) == f"processing image: {why}"


def test_an_unknown_tag_breaks_the_whole_creation_and_its_id_is_given_again(stash: Asking) -> None:
    refusal = stash.make_refused("performer", name="Ada", tag_ids=["99"])

    assert refusal.endswith("[[1 99]]: FOREIGN KEY constraint failed")
    assert stash.make("performer", "id", name="Ada") == {"id": "1"}


def test_an_id_that_is_none_or_no_number_is_refused(stash: Asking) -> None:
    assert stash.update_refused("performer", id="99", name="X") == "performer with id 99 not found"
    wanted = 'converting id: strconv.Atoi: parsing "abc": invalid syntax'
    assert stash.update_refused("performer", id="abc", name="X") == wanted


def test_an_update_moves_updated_at_of_the_performer_but_not_of_its_scenes(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada")["id"]
    stash.update("scene", id="1", performer_ids=[ada])
    before = stash.see("scene", "1", "updated_at")
    stash.clock.pass_seconds(60)

    stash.update("performer", id=ada, name="Ada")

    assert stash.see("performer", ada, "updated_at") == {"updated_at": "2026-01-02T14:05:05+11:00"}
    assert stash.see("scene", "1", "updated_at") == before


def test_a_bulk_of_performers_adds_and_removes_urls_and_aliases(stash: Asking) -> None:
    ids = [
        stash.make("performer", "id", name=name, urls=["https://a.example"], alias_list=[f"{name} 1"])["id"]
        for name in ("Ada", "Bob")
    ]

    stash.bulk("performer", ids=ids, urls={"values": ["https://b.example"], "mode": "ADD"}, favorite=True)
    stash.bulk("performer", ids=ids[:1], alias_list={"values": ["Ada 1"], "mode": "REMOVE"}, urls=None)

    assert [stash.see("performer", one, "urls alias_list favorite") for one in ids] == [
        {"urls": ["https://a.example", "https://b.example"], "alias_list": [], "favorite": True},
        {"urls": ["https://a.example", "https://b.example"], "alias_list": ["Bob 1"], "favorite": True},
    ]


def test_a_bulk_with_one_unknown_performer_changes_none(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada")["id"]

    assert stash.bulk_refused("performer", ids=[ada, "99"], details="x") == "performer with id 99 not found"
    assert stash.see("performer", ada, "details") == {"details": ""}


def test_a_performer_that_is_destroyed_is_gone_from_its_scenes_images_and_galleries(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada")["id"]
    for kind in ("scene", "image", "gallery"):
        stash.update(kind, id="1", performer_ids=[ada])
    stash.clock.pass_seconds(60)
    before = stash.see("scene", "1", "updated_at")

    assert stash.ask("mutation($id:ID!){performerDestroy(input:{id:$id})}", id=ada) is True

    for kind in ("scene", "image", "gallery"):
        assert stash.see(kind, "1", "performers{id}") == {"performers": []}
    assert stash.see("performer", ada, "id") is None
    assert stash.see("scene", "1", "updated_at") == before


def test_several_performers_are_destroyed_or_none(stash: Asking) -> None:
    ada, bob = (stash.make("performer", "id", name=name)["id"] for name in ("Ada", "Bob"))
    many = "mutation($ids:[ID!]!){performersDestroy(ids:$ids)}"

    assert stash.refused(many, ids=[ada, "99"]) == "id 99 does not exist in performers"
    assert stash.see("performer", ada, "id") == {"id": ada}
    assert stash.ask(many, ids=[ada, bob]) is True
    assert stash.see("performer", bob, "id") is None
