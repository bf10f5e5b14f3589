"""What the user should know about the pictures people are known by: a code, who it is about, and what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReferenceNote:
    """Something about one person's pictures: a stable code and a sentence with what to do.

    Codes, of a picture: no_face, several_faces, bad_picture, same_picture, near_duplicate, unlike_the_others,
    looks_like_another; of a person: two_people, no_reference, same_performer, forgotten, bad_description; of the
    build: state_damaged, not_compared.

    Attributes:
        person: their name, as the source has it; empty for the whole build.
    """

    code: str
    person: str
    message: str


def about_faces(person: str, where: str, faces: int, described: bool) -> Iterator[ReferenceNote]:
    """Say what is wrong with a picture by the number of faces that were found in it."""
    if not described:
        message = f"{where} shows no face that can be found; use a picture with a larger, clearer face."
        yield ReferenceNote("no_face", person, message)
    elif faces > 1:
        message = (
            f"{where} shows {faces} faces; the largest and most central one was taken. "
            "Cut the picture to one person to be sure."
        )
        yield ReferenceNote("several_faces", person, message)


def same_picture(person: str, pictures: Sequence[str]) -> ReferenceNote:
    """Say that a picture stands under several names."""
    message = (
        f"{' and '.join(pictures)} are the same picture under different names; all were left out. Keep the right one."
    )
    return ReferenceNote("same_picture", person, message)


def no_reference(person: str, has_pictures: bool) -> ReferenceNote:
    """Say that somebody cannot be recognised."""
    why = "could be used" if has_pictures else "was found (JPEG, PNG, WebP, AVIF or GIF)"
    return ReferenceNote("no_reference", person, f'No picture of "{person}" {why}: this person cannot be recognised.')


def looks_like_another(person: str, where: str, other: str, other_where: str) -> ReferenceNote:
    """Say that a face is nearer to somebody else's than to its own person's."""
    message = f"The face in {where} looks like {other} ({other_where}); check both."
    return ReferenceNote("looks_like_another", person, message)


def same_performer(person: str, universal_id: str, place: str, taken: str) -> ReferenceNote:
    """Say that somebody was passed over who is the same person as one before."""
    message = (
        f'"{place}" is the same person as "{taken}" by name or id ({universal_id}), and was left out. '
        "Put all the pictures into one of the two."
    )
    return ReferenceNote("same_performer", person, message)
