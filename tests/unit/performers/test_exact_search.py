import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats
from stash_sense.performers.exact_search import ExactSearch
from stash_sense.performers.gallery import Gallery, KnownPerson
from stash_sense.recognition.space import unit

# What every search promises is tested in tests/contract/test_person_search.py; here is what exactness adds.


def gallery_of(vectors: Floats) -> Gallery:
    """One person for each vector."""
    people = [(KnownPerson(str(row), str(row)), vectors[row : row + 1]) for row in range(len(vectors))]
    return Gallery.of("test", people, vectors.shape[1])


@pytest.mark.parametrize("top_k", [1, 2, 5, 6])
def test_people_who_are_equally_near_come_in_the_order_of_the_gallery(top_k: int) -> None:
    vectors = np.eye(3, dtype=np.float32)[[1, 0, 0, 2, 0, 0]]
    hits = ExactSearch(gallery_of(vectors)).search(np.eye(1, 3, dtype=np.float32), top_k)
    assert hits.persons[0].tolist() == [1, 2, 4, 5, 0, 3][:top_k]


@settings(max_examples=100, deadline=None)
@given(data=st.data(), count=st.integers(1, 80))
def test_the_first_of_many_ties_are_taken_where_the_list_is_cut(data: st.DataObject, count: int) -> None:
    places = np.array(data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    top_k = data.draw(st.integers(1, count))
    hits = ExactSearch(gallery_of(np.eye(3, dtype=np.float32)[places])).search(np.eye(1, 3, dtype=np.float32), top_k)
    expected = np.argsort(places != 0, kind="stable")[:top_k]
    assert hits.persons[0].tolist() == expected.tolist()


def test_a_large_gallery_is_searched_exactly() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(20_000, 32)).astype(np.float32))
    probes = unit(rng.normal(size=(130, 32)).astype(np.float32))
    hits = ExactSearch(gallery_of(vectors)).search(probes, 3)
    cosines = probes.astype(np.float64) @ vectors.astype(np.float64).T
    np.testing.assert_array_equal(hits.persons[:, 0], cosines.argmax(axis=1))
    np.testing.assert_allclose(hits.best, np.sort(cosines, axis=1)[:, :-4:-1], atol=1e-6)


def test_people_without_a_reference_are_left_out_of_a_gallery() -> None:
    nothing = np.zeros((0, 3), np.float32)
    one, two, three = (KnownPerson(name, name) for name in ("one", "two", "three"))
    eye = np.eye(3, dtype=np.float32)
    gallery = Gallery.of("test", [(one, eye[:2]), (two, nothing), (three, eye[2:])], 3)
    assert gallery.persons == (one, three)
    assert gallery.owner.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(gallery.vectors, eye)
