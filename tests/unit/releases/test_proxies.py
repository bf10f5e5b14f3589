import httpx2
import pytest

from stash_sense.adapters.http.proxies import Proxies
from stash_sense.errors import ProxyUnusable

NAMED = {
    "http": "proxy.example:3128",
    "https": "http://me:mine@secure.example",
    "no": " .intern, 8.8.0.0/16,exact.org",
}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://releases.example/", b"proxy.example"),
        ("https://releases.example/", b"secure.example"),
        ("http://intern.example/", b"proxy.example"),
        ("http://localhost/", None),
        ("http://127.0.0.1:80/", None),
        ("http://a.intern/", None),
        ("http://exact.org/", None),
        ("http://sub.exact.org/", None),
        ("http://notexact.org/", b"proxy.example"),
        ("http://8.8.8.8/", None),
        ("http://9.9.9.9/", b"proxy.example"),
    ],
)
def test_the_proxy_is_chosen_by_scheme_unless_the_host_is_excepted(url: str, host: bytes | None) -> None:
    proxy = Proxies(NAMED).of(httpx2.URL(url))
    assert (proxy.url.host if proxy else None) == host


def test_a_star_excepts_everything() -> None:
    assert Proxies({"all": "http://proxy.example", "no": "*"}).of(httpx2.URL("http://a.example")) is None


def test_a_proxys_password_is_passed_on() -> None:
    proxy = Proxies(NAMED).of(httpx2.URL("https://releases.example/"))
    assert proxy is not None
    assert proxy.auth == (b"me", b"mine")


@pytest.mark.parametrize(
    "text",
    [
        "http://me:mine@proxy:notaport",
        "http://proxy:99999",
        "http://[::1",
        "http://",
        "socks5://a:1",
        "http://me:\udcff@a",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_without_its_password(text: str) -> None:
    with pytest.raises(ProxyUnusable, match="HTTPS_PROXY") as caught:
        Proxies({"https": text, "all": "http://proxy.example"}).of(httpx2.URL("https://a.example"))
    assert "mine" not in str(caught.value)
