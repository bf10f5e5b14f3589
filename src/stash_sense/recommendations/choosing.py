"""Whom of a recommendation the user wants to have added, and as whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stash_sense.errors import RecommendationChoiceInvalid
from stash_sense.library.media import StashId
from stash_sense.performers.ids import STASH
from stash_sense.recommendations.recommendation import Recommendation
from stash_sense.recommendations.types import Details
from stash_sense.recommendations.unidentified import SuggestedPerson, UnidentifiedDetails

_AT_HOME = ("folder", STASH)
"""Of universal ids, before the colon: no stash-box has these people."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One person of a recommendation who is added.

    Attributes:
        person_id: of the suggestion.
        performer_id: who it is in Stash; None for the one that the suggestion names.
        create: fields of a performer to create for it instead.
        create_from_stashbox: create a performer as the stash-box knows the person, or take the one of that id.
        even_if_named: create even if Stash has somebody of that name.
        link: makes the performer known at a stash-box, too.
        portrait: give the performer the picture of the person's best face, if there is none.
    """

    person_id: str
    performer_id: str | None = None
    create: Mapping[str, Any] | None = None
    link: StashId | None = None
    create_from_stashbox: bool = False
    even_if_named: bool = False
    portrait: bool = False

    @property
    def creates(self) -> bool:
        """Whether a performer is created for it."""
        return self.create is not None or self.create_from_stashbox


Chosen = Sequence[tuple[SuggestedPerson, Choice]]


def chosen_of(one: Recommendation, details: Details, choices: Sequence[Choice] | None) -> Chosen:
    """Put choices together with whom they are about; without, everybody who is in Stash is chosen.

    Raises:
        RecommendationChoiceInvalid: they make no sense.
    """
    if not isinstance(details, UnidentifiedDetails):
        raise RecommendationChoiceInvalid(id=one.id, reason=f"{one.type} is nothing that people are added for")
    people = {person.person_id: person for person in details.people}
    if choices is None:
        choices = [Choice(person.person_id) for person in details.people if person.performer_id is not None]
    if not choices:
        raise RecommendationChoiceInvalid(id=one.id, reason="none of its people is in Stash; say who they are")
    if len({choice.person_id for choice in choices}) < len(choices):
        raise RecommendationChoiceInvalid(id=one.id, reason="somebody is chosen twice")
    for choice in choices:
        if choice.person_id not in people:
            raise RecommendationChoiceInvalid(id=one.id, reason=f"{choice.person_id} is nobody of it")
        if reason := _wrong_with(choice, people[choice.person_id]):
            raise RecommendationChoiceInvalid(id=one.id, reason=reason)
    return [(people[choice.person_id], choice) for choice in choices]


def left_out(details: Details, choices: Sequence[Choice] | None) -> list[str]:
    """Say who is not added where nobody was chosen, as nobody in Stash is known to be that person."""
    if choices is not None or not isinstance(details, UnidentifiedDetails):
        return []
    strangers = [person.name for person in details.people if person.performer_id is None]
    return [f"{name} is not in Stash, and is left out." for name in strangers]


def identity_of(person: SuggestedPerson, choice: Choice) -> StashId | None:
    """Say who a person is at a stash-box: as the user says, or the suggestion, or its universal id."""
    if choice.link is not None:
        return choice.link
    if person.endpoint and person.stash_id:
        return StashId(person.endpoint, person.stash_id)
    domain, _, stash_id = person.person_id.rpartition(":")
    return StashId(domain, stash_id) if domain and domain not in _AT_HOME else None


def _wrong_with(choice: Choice, person: SuggestedPerson) -> str:
    if not choice.creates and not (choice.performer_id or person.performer_id):
        return f"{person.name} is not in Stash; create a performer, or say which one it is"
    if choice.creates and choice.performer_id is not None:
        return f"{person.name} cannot be created and be performer {choice.performer_id}"
    if choice.create is not None and choice.create_from_stashbox:
        return f"{person.name} can be created in one way only"
    if choice.create_from_stashbox and identity_of(person, choice) is None:
        return f"no stash-box is known that has {person.name}; say which one, or create a performer by hand"
    return ""
