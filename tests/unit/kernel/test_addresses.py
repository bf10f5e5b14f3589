import pytest

from stash_sense.kernel.addresses import shown, without_password


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:secret@example.org:81/a/b?key=secret#secret", "https://example.org:81/a/b"),
        ("http://example.org", "http://example.org"),
        ("http://[::1]:9999/a", "http://[::1]:9999/a"),
        ("http://me@secret@example.org/a", "http://example.org/a"),
        ("me:secret@example.org:81/a", "me:example.org:81/a"),
        ("secret@example.org/a?b", "example.org/a"),
        ("example.org/a", "example.org/a"),
        ("", ""),
        ("http://[broken", "the address"),
    ],
)
def test_nothing_that_may_be_secret_is_shown(url: str, told: str) -> None:
    assert shown(url) == told
    assert "secret" not in shown(url)


def test_without_its_password_an_address_asks_for_the_same() -> None:
    assert without_password("https://me:pass@example.org/a?b=1#c") == "https://example.org/a?b=1#c"
    assert without_password("http://[broken") == ""
