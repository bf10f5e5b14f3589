import pytest

from stash_sense.adapters.stash.address import StashAddress
from stash_sense.errors import StashAddressInvalid


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("http://nas:9999", "http://nas:9999"),
        ("http://nas:9999/", "http://nas:9999"),
        ("  http://nas:9999/graphql  ", "http://nas:9999"),
        ("http://nas:9999/playground/", "http://nas:9999"),
        ("https://example.org/stash/", "https://example.org/stash"),
        ("https://example.org/stash/graphql?apikey=secret#x", "https://example.org/stash"),
        ("http://[::1]:9999", "http://[::1]:9999"),
    ],
)
def test_an_address_is_understood_as_users_write_it(written: str, base: str) -> None:
    address = StashAddress(written)
    assert (address.base, address.shown, address.graphql) == (base, base, f"{base}/graphql")


def test_a_password_is_kept_for_the_server_and_never_shown() -> None:
    address = StashAddress("https://me:secret@example.org/stash")
    assert "secret" in address.base
    assert address.shown == "https://example.org/stash"
    assert "secret" not in address.graphql
    assert "secret" not in address.rebased("https://me:secret@example.org/stash/scene/1/stream")


@pytest.mark.parametrize("written", ["", "nas:9999", "ftp://nas", "http://", "/stash", "http://nas:port"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(StashAddressInvalid) as caught:
        StashAddress(written)
    assert "STASH_URL" in str(caught.value)


@pytest.mark.parametrize(
    ("ours", "theirs", "rebased"),
    [
        (
            "http://nas:9999",
            "http://127.0.0.1:9999/scene/3/screenshot?t=17",
            "http://nas:9999/scene/3/screenshot?t=17",
        ),
        ("http://nas:9999", "https://a.example/stash/scene/3/stream", "http://nas:9999/scene/3/stream"),
        ("https://a.example/stash", "http://127.0.0.1:9999/scene/3/stream", "https://a.example/stash/scene/3/stream"),
        ("https://a.example/stash", "https://b.example/stash/image/1/image", "https://a.example/stash/image/1/image"),
        ("https://a.example/stash", "https://b.example/stash/other", "https://a.example/stash/other"),
        ("http://nas", "http://x/image/scene/1/vtt/sprite", "http://nas/scene/1/vtt/sprite"),
        ("http://nas", "http://x/scene/8960c5d989951ef7_sprite.jpg", "http://nas/scene/8960c5d989951ef7_sprite.jpg"),
        ("http://nas", "/performer/2/image?t=1&default=true", "http://nas/performer/2/image?t=1&default=true"),
        ("http://nas", "scene/1/stream", "http://nas/scene/1/stream"),
        ("http://nas", "http://x/scene/1/stream?apikey=secret", "http://nas/scene/1/stream"),
        ("http://nas", "http://x/scene/1/stream?a=1&ApiKey=secret&b=", "http://nas/scene/1/stream?a=1&b="),
        ("http://nas", "file:///etc/passwd", "http://nas/etc/passwd"),
        ("http://nas", "http://[broken/scene/1", ""),
        ("http://nas", "", ""),
    ],
)
def test_addresses_that_stash_writes_lead_to_the_stash_that_the_user_named(
    ours: str, theirs: str, rebased: str
) -> None:
    address = StashAddress(ours)
    assert address.rebased(theirs) == rebased
    assert address.rebased(theirs) == rebased  # again, when how they begin is known


def test_one_address_after_the_other_is_led_the_same_way() -> None:
    address = StashAddress("https://a.example/stash")
    begins = "http://127.0.0.1:9999/sub"
    assert address.rebased(f"{begins}/scene/1/screenshot?t=1") == "https://a.example/stash/scene/1/screenshot?t=1"
    assert address.rebased(f"{begins}/scene/2/stream?apikey=k") == "https://a.example/stash/scene/2/stream"
    assert address.rebased(f"{begins}/scene/3_sprite.jpg") == "https://a.example/stash/scene/3_sprite.jpg"
    assert address.rebased("http://other/scene/4_sprite.jpg") == "https://a.example/stash/scene/4_sprite.jpg"
