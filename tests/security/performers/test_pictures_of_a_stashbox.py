"""Addresses of pictures are written by strangers: they lead to the public internet, or to the endpoint itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes_faces import RED
from tests.people_servers import Servers, png, serving
from tests.performers_builds import Workshop

from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.pictures import pictures_of
from stash_sense.errors import AddressPrivate, StreamTooLarge
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with serving(tmp_path) as servers:
        yield servers


def test_a_picture_in_the_users_network_is_not_asked_for(servers: Servers) -> None:
    servers.stash.performer("Ann", png(RED))
    fetch = pictures_of("https://stashdb.org/graphql", Limits(), HttpClient(proxies={}))
    servers.stash.pictures_asked()
    for address in (servers.stash.server.url, servers.stash.server.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(AddressPrivate):
            fetch(f"{address}/performer/1/image", CancelToken())
    assert servers.stash.pictures_asked() == []


def test_a_picture_of_an_endpoint_on_this_machine_is_asked_for_without_the_key(servers: Servers) -> None:
    servers.stash.performer("Ann", png(RED))
    address = servers.stash.server.url
    content = pictures_of(f"{address}/graphql", Limits(), HttpClient(proxies={}))(
        f"{address}/performer/1/image", CancelToken()
    )
    assert content == png(RED)


def test_a_picture_that_never_ends_is_given_up(servers: Servers) -> None:
    servers.stash.performer("Ann", png(RED))
    address = servers.stash.server.url
    fetch = pictures_of(address, Limits(picture_bytes=100), HttpClient(proxies={}))
    with pytest.raises(StreamTooLarge):
        fetch(f"{address}/performer/1/image", CancelToken())


def test_hostile_texts_and_ids_do_not_end_a_build(servers: Servers, tmp_path: Path) -> None:
    box = servers.box(
        [
            {"id": "p1", "name": "Ann\x00\n<script>", "images": ["i1"], "aliases": ["\x1b[2J", "a" * 100_000]},
            {"id": "p2\n", "name": "Bad id", "images": ["i2"]},
            {"id": "p3", "name": "", "images": ["../../etc/passwd"]},
        ],
        {"i1": png(RED), "i2": png(RED, 70)},
    )
    report = Workshop(tmp_path).build(source=servers.box_source(box))
    assert report.manifest.performer_count == 1
    assert report.manifest.face_count == 1
