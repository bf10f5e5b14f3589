"""Pictures that are given by their address, on the machine that the simulator runs on."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from tests.integration.fakes.stash_changes.asking import Asking

from stash_sense.fakes.graphql.serving import served


@pytest.fixture(scope="module")
def pictures() -> Iterator[str]:
    async def picture(_request: Request) -> Response:
        return Response(b"a picture", media_type="image/webp")

    async def elsewhere(_request: Request) -> Response:
        return RedirectResponse("http://elsewhere.example/picture")

    with served(Starlette(routes=[Route("/picture", picture), Route("/elsewhere", elsewhere)])) as url:
        yield url


def test_a_picture_is_read_from_its_address(stash: Asking, pictures: str) -> None:
    stash.make("performer", "id", name="Ada", image=f"{pictures}/picture")
    stash.update("scene", id="1", cover_image=f"{pictures}/picture")

    for given in (stash.state.tables["performers"][1]["picture"], stash.state.tables["scenes"][1]["cover"]):
        assert (given.content, given.media_type) == (b"a picture", "image/webp")


def test_an_address_without_a_picture_is_refused_with_its_status(stash: Asking, pictures: str) -> None:
    absent, moved = f"{pictures}/absent", f"{pictures}/elsewhere"

    assert stash.make_refused("tag", name="t", image=absent) == "processing image: http error 404"
    assert stash.update_refused("scene", id="1", cover_image=moved) == "processing cover image: http error 307"
