"""What every `PersonSearch` promises; another adapter joins by a line in `ADAPTERS`."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.performers.search.face_search import FaceSearch
from stash_sense.recognition.ports import PersonSearch
from stash_sense.recognition.space import unit

Adapter = Callable[[Gallery], PersonSearch]

ADAPTERS: dict[str, Adapter] = {
    "faces": lambda gallery: FaceSearch.of(gallery.vectors, gallery.owner),
}
DIM = 16


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS), scope="session")
def adapter(request: pytest.FixtureRequest) -> Adapter:
    opened: Adapter = request.param
    return opened


def vectors(seed: int, count: int) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32))


def gallery_of(*references: Floats) -> Gallery:
    return Gallery.of("test", [(KnownPerson(f"id-{row}", "x"), some) for row, some in enumerate(references)], DIM)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    counts=st.lists(st.integers(1, 6), max_size=30),
    probes=st.integers(0, 5),
    top_k=st.integers(1, 40),
)
def test_the_nearest_are_those_of_every_reference_compared(
    adapter: Adapter, seed: int, counts: list[int], probes: int, top_k: int
) -> None:
    references = [vectors(seed + row, count) for row, count in enumerate(counts)]
    wanted = vectors(seed + 1000, probes)
    hits = adapter(gallery_of(*references)).search(wanted, top_k)
    k = min(top_k, len(counts))
    assert hits.persons.shape == hits.best.shape == (probes, k)
    for probe in range(probes):
        cosines = [some.astype(np.float64) @ wanted[probe].astype(np.float64) for some in references]
        scores = np.array([some.max() for some in cosines])
        found = hits.persons[probe].tolist()
        assert len(set(found)) == k
        np.testing.assert_allclose(scores[found], np.sort(scores)[::-1][:k], atol=1e-5)
        np.testing.assert_allclose(hits.best[probe], [cosines[person].max() for person in found], atol=1e-5)


def test_answers_are_plain_arrays_of_the_types_promised(adapter: Adapter) -> None:
    hits = adapter(gallery_of(vectors(0, 2))).search(vectors(1, 3), 5)
    assert hits.persons.dtype == np.int64
    assert hits.best.dtype == np.float32


def test_a_person_of_many_references_takes_one_place_only(adapter: Adapter) -> None:
    probe = vectors(0, 1)
    crowd = unit(np.repeat(probe, 500, axis=0) + 0.1 * vectors(1, 500))
    hits = adapter(gallery_of(vectors(2, 1), crowd, vectors(3, 1))).search(probe, 3)
    assert hits.persons[0, 0] == 1
    assert sorted(hits.persons[0].tolist()) == [0, 1, 2]


@pytest.mark.parametrize("top_k", [1, 2, 5, 6])
def test_people_who_are_equally_near_come_in_the_order_of_the_gallery(adapter: Adapter, top_k: int) -> None:
    references = np.eye(6, DIM, dtype=np.float32)[[1, 0, 0, 2, 0, 0]]
    hits = adapter(gallery_of(*references[:, None])).search(np.eye(1, DIM, dtype=np.float32), top_k)
    assert hits.persons[0].tolist() == [1, 2, 4, 5, 0, 3][:top_k]


def test_the_nearest_reference_of_chosen_people_is_as_search_finds_it(adapter: Adapter) -> None:
    search = adapter(gallery_of(vectors(0, 3), vectors(1, 1), vectors(2, 4)))
    probe = vectors(3, 1)
    hits = search.search(probe, 3)
    np.testing.assert_allclose(search.nearest(probe[0], hits.persons[0]), hits.best[0], atol=1e-6)


@pytest.mark.parametrize("most", [1, 3, 9])
def test_the_nearest_references_of_a_person_come_first_with_their_rows(adapter: Adapter, most: int) -> None:
    gallery = gallery_of(vectors(0, 3), vectors(1, 5), vectors(2, 4))
    probe = vectors(3, 1)[0]
    rows, cosines = adapter(gallery).references(probe, 1, most)
    own = gallery.vectors[3:8] @ probe
    assert rows.tolist() == (3 + np.argsort(-own, kind="stable")[:most]).tolist()
    np.testing.assert_allclose(cosines, np.sort(own)[::-1][:most], atol=1e-6)
    assert rows.dtype == np.int64
    assert cosines.dtype == np.float32
    assert cosines[0] == pytest.approx(adapter(gallery).nearest(probe, np.array([1]))[0], abs=1e-6)


def test_the_probe_itself_is_found_at_a_cosine_of_one(adapter: Adapter) -> None:
    references = vectors(0, 20)
    hits = adapter(gallery_of(*references[:, None])).search(references, 1)
    assert hits.persons[:, 0].tolist() == list(range(20))
    np.testing.assert_allclose(hits.best, 1.0, atol=1e-6)


def test_each_probe_is_answered_on_its_own_however_many_there_are(adapter: Adapter) -> None:
    search = adapter(gallery_of(*vectors(0, 30)[:, None]))
    probes = vectors(1, 200)
    together = search.search(probes, 4)
    for row in (0, 63, 64, 65, 127, 128, 199):
        alone = search.search(probes[row : row + 1], 4)
        np.testing.assert_array_equal(alone.persons[0], together.persons[row])
        np.testing.assert_allclose(alone.best[0], together.best[row], atol=1e-6)


def test_of_nobody_nobody_is_found(adapter: Adapter) -> None:
    search = adapter(gallery_of())
    assert search.person_count == 0
    assert search.search(vectors(0, 3), 5).persons.shape == (3, 0)


def test_persons_are_counted_not_references(adapter: Adapter) -> None:
    assert adapter(gallery_of(vectors(0, 5), vectors(1, 1), vectors(2, 3))).person_count == 3
