from stash_sense.performers.building.joining import joined
from stash_sense.performers.records import Alias, PerformerRecord, StashBoxId


def test_the_first_record_counts_and_the_second_fills_in() -> None:
    first = PerformerRecord(
        "a:1", "Ann", gender="FEMALE", aliases=(Alias("Annie"),), stashbox_ids=(StashBoxId("a", "1"),)
    )
    second = PerformerRecord(
        "b:2",
        "Annabel",
        gender="MALE",
        country="DE",
        aliases=(Alias("Annie"), Alias("Bell")),
        stashbox_ids=(StashBoxId("b", "2"),),
    )
    both = joined(first, second)
    assert (both.universal_id, both.name, both.gender, both.country) == ("a:1", "Ann", "FEMALE", "DE")
    assert [alias.name for alias in both.aliases] == ["Annie", "Bell", "Annabel"]
    assert both.stashbox_ids == (StashBoxId("a", "1"), StashBoxId("b", "2"))


def test_a_name_that_is_known_is_no_new_alias() -> None:
    first = PerformerRecord("a:1", "Ann", aliases=(Alias("Annie"),))
    for name in ("ann", "ANNIE"):
        assert joined(first, PerformerRecord("b:2", name)).aliases == first.aliases
