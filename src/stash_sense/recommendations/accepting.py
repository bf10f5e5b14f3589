"""Accepting a recommendation of unidentified people: they are created or linked where that is chosen, and added."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stash_sense.errors import PerformerPictured, StashIdUnknown, StashSenseError
from stash_sense.library.kinds import GALLERIES, IMAGES
from stash_sense.library.writing import Change
from stash_sense.recommendations.choosing import Choice, Chosen, identity_of
from stash_sense.recommendations.curating import AtBox, Curating
from stash_sense.recommendations.journal.values import KINDS, plain
from stash_sense.recommendations.journal.writes import Writes
from stash_sense.recommendations.portraits import PortraitOf, best_portrait
from stash_sense.recommendations.recommendation import Recommendation, Target
from stash_sense.recommendations.unidentified import SuggestedPerson


@dataclass
class Prepared:
    """What takes time and writes nothing, by the ids of people; `notes` are sentences about what cannot be had."""

    at_boxes: dict[str, AtBox] = field(default_factory=dict)
    portraits: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Accepting:
    """Adds people.

    Args:
        curating: creates and links performers.
        portrait_of: cuts faces out.
    """

    def __init__(self, curating: Curating, portrait_of: PortraitOf) -> None:
        self._curating = curating
        self._portrait_of = portrait_of

    async def prepare(self, one: Recommendation, chosen: Chosen) -> Prepared:
        """Ask stash-boxes, and cut portraits out; one that cannot be had is noted.

        Raises:
            PerformerNotThere, StashBoxError: who is to be created is not at the stash-box.
        """
        prepared = Prepared()
        for person, choice in chosen:
            identity = identity_of(person, choice)
            if choice.create_from_stashbox and identity is not None:
                prepared.at_boxes[person.person_id] = await self._curating.at_box(*identity)
            if choice.portrait:
                try:
                    portrait = await best_portrait(self._portrait_of, one.target, person)
                except StashSenseError as error:
                    prepared.notes.append(f"{person.name} gets no picture. {error}")
                else:
                    prepared.portraits[person.person_id] = portrait
        return prepared

    async def carry_out(
        self, writes: Writes, target: Target, chosen: Chosen, prepared: Prepared, *, images: bool
    ) -> tuple[str, ...]:
        """Write it, and give who was added; more notes are put to those of `prepared`.

        Args:
            writes: what writes.
            target: to which people are added.
            chosen: the people.
            prepared: for just these.
            images: add people also to the images of a gallery in which they are seen.

        Raises:
            StashError: Stash refused, or nobody knows whether it did it.
            CurationError: a performer is not created or linked, as another one has the name or the id.
        """
        if any(choice.creates for _, choice in chosen):
            await self._curating.check_there([target])
        performers: dict[str, str] = {}
        for person, choice in chosen:
            performers[person.person_id] = await self._performer(writes, person, choice, prepared)
        ids = tuple(dict.fromkeys(performers.values()))
        outcome = await writes.change(KINDS[target.kind], [target.id], Change(performer_ids=ids))
        for error in outcome.refused.values():
            raise error
        if images and target.kind == GALLERIES.name:
            for person, _ in chosen:
                await self._add_to_images(writes, person, performers[person.person_id], prepared)
        for person, _ in chosen:
            await self._picture(writes, person, performers, prepared)
        return ids

    async def _performer(self, writes: Writes, person: SuggestedPerson, choice: Choice, prepared: Prepared) -> str:
        """Return who is added, after creating or linking."""
        if choice.create_from_stashbox:
            at = prepared.at_boxes[person.person_id]
            taken = await self._curating.create_from(writes, at, even_if_named=choice.even_if_named)
            prepared.notes += taken.notes
            return taken.id
        if choice.create is not None:
            linked = [] if choice.link is None else [plain(await self._curating.resolved(choice.link))]
            fields = {**choice.create, **({"stash_ids": linked} if linked else {})}
            return await self._curating.create(writes, fields, even_if_named=choice.even_if_named)
        performer_id = choice.performer_id or person.performer_id or ""
        if choice.link is not None:
            await self._curating.link(writes, performer_id, [choice.link])
        return performer_id

    async def _add_to_images(
        self, writes: Writes, person: SuggestedPerson, performer_id: str, prepared: Prepared
    ) -> None:
        seen = person.image_ids or tuple(place.image_id for place in person.seen if place.image_id is not None)
        if not seen:
            return
        outcome = await writes.change(IMAGES, list(dict.fromkeys(seen)), Change(performer_ids=(performer_id,)))
        gone = [id_ for id_, error in outcome.refused.items() if isinstance(error, StashIdUnknown)]
        for id_, error in outcome.refused.items():
            if id_ not in gone:
                raise error
        if gone:
            which = f"image {gone[0]} is" if len(gone) == 1 else f"{len(gone)} images are"
            prepared.notes.append(f"{which} not in Stash any more, and {person.name} was not added there.")

    async def _picture(
        self, writes: Writes, person: SuggestedPerson, performers: Mapping[str, str], prepared: Prepared
    ) -> None:
        portrait = prepared.portraits.get(person.person_id)
        if portrait is None:
            return
        try:
            await self._curating.set_picture(writes, performers[person.person_id], portrait)
        except PerformerPictured:
            prepared.notes.append(f"{person.name} has a picture in Stash already, which stays.")
        except StashSenseError as error:  # who was added is added all the same
            prepared.notes.append(f"{person.name} gets no picture. {error}")
