import numpy as np

from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson


def test_people_without_a_reference_are_left_out_of_a_gallery() -> None:
    nothing = np.zeros((0, 3), np.float32)
    one, two, three = (KnownPerson(name, name) for name in ("one", "two", "three"))
    eye = np.eye(3, dtype=np.float32)
    gallery = Gallery.of("test", [(one, eye[:2]), (two, nothing), (three, eye[2:])], 3)
    assert gallery.persons == (one, three)
    assert gallery.owner.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(gallery.vectors, eye)
