from datetime import UTC, datetime, timedelta, timezone

from stash_sense.performers.ids import domain_at, is_universal_id, stash_only_id

AT = datetime(2026, 1, 11, 18, 7, 53, tzinfo=timezone(timedelta(hours=11)))


def test_who_only_a_stash_knows_is_named_by_number_and_moment_in_whichever_zone_it_runs() -> None:
    assert stash_only_id("12", AT) == stash_only_id("12", AT.astimezone(UTC)) == "stash:12-20260111T070753Z"
    assert is_universal_id(stash_only_id("12", AT))


def test_the_same_number_in_another_library_is_somebody_else() -> None:
    assert stash_only_id("12", AT) != stash_only_id("12", AT + timedelta(seconds=1))


def test_an_endpoint_is_known_by_its_domain() -> None:
    assert domain_at("https://StashDB.org/graphql") == "stashdb.org"
    assert domain_at("http://me:secret@127.0.0.1:9998/graphql") == "127.0.0.1:9998"
    assert domain_at("stashdb.org") == ""
    assert domain_at("http://[") == ""
