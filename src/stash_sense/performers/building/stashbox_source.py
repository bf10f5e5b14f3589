"""A stash-box as a source of performers: all that it lists with pictures, or those whom the user's library has."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from stash_sense.errors import RateLimitReached, TooManyRequests
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import PERFORMERS as IN_THE_LIBRARY
from stash_sense.library.ports import Library
from stash_sense.library.reading import Scope
from stash_sense.performers.building.asking import Loop, one_by_one
from stash_sense.performers.building.fetched import PAUSES, Fetch, FetchedPictures
from stash_sense.performers.building.foreign_texts import (
    date_of,
    height_of,
    stashbox_ids_of,
    text_of,
    texts_of,
    urls_of,
    year_of,
)
from stash_sense.performers.building.sources import SourcePerformer, SourcePicture
from stash_sense.performers.ids import domain_at, is_universal_id, universal_id
from stash_sense.performers.records import Alias, BodyMark, PerformerRecord
from stash_sense.stashbox.entities import BodyMark as BodyMarkThere
from stash_sense.stashbox.entities import Performer, Picture
from stash_sense.stashbox.kinds import PERFORMERS
from stash_sense.stashbox.ports import StashBox

MOST_PICTURES = 10
"""Of one performer, portraits first: three times as many as everybody has on average in the public release, which has
366,794 of 108,001 performers. Whoever has dozens would take the time of ten others.
"""
READERS = 4
"""Pictures fetched at once from a server that belongs to everybody."""
_SIDE = 1280
"""Pixels of the longer side that pictures are asked for in, where the stash-box makes them smaller: its largest."""
_BUSY = (TooManyRequests, RateLimitReached)


class StashBoxSource:
    """A `PerformerSource` out of a stash-box.

    Its questions keep to the endpoint's limit; its pictures, which the limit is not about, are fetched a few at once.

    Args:
        loop: where it is asked.
        box: asked.
        fetch: reads a picture by its address.
        mine: the user's library, where only people are wanted who have an id of this stash-box in it.
        most_pictures: of one performer.
        pauses: see `FetchedPictures`.
    """

    def __init__(
        self,
        loop: Loop,
        box: StashBox,
        fetch: Fetch,
        mine: Library | None = None,
        most_pictures: int = MOST_PICTURES,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._loop = loop
        self._box = box
        self._mine = mine
        self._most_pictures = most_pictures
        self._domain = domain_at(box.endpoint)
        self._pictures = FetchedPictures(self.title, fetch, _BUSY, pauses=pauses)
        self._cancel = CancelToken()

    @property
    def identity(self) -> str:
        """Its address; what is known of everybody is not forgotten when only the user's own people are wanted."""
        return f"stash-box {self._box.endpoint}" + (" mine" if self._mine is not None else "")

    @property
    def title(self) -> str:
        """Its domain."""
        return f"stash-box {self._domain}"

    @property
    def origins(self) -> frozenset[str]:
        """Its domain."""
        return frozenset({self._domain})

    @property
    def readers(self) -> int:
        """See `READERS`."""
        return READERS

    def count(self, cancel: CancelToken) -> int:
        """Count the performers, also those without a picture; raises as `performers` does."""
        mine, box = self._mine, self._box
        if mine is not None:
            return self._loop.call(lambda: mine.reader.count(IN_THE_LIBRARY, self._linked), cancel)
        for page in one_by_one(self._loop, box.changed(PERFORMERS, None), cancel):
            return page.total
        return 0

    def performers(self, cancel: CancelToken) -> Iterator[SourcePerformer]:
        """Yield everybody who has a picture and is not deleted, nor merged into somebody else.

        Raises:
            StashBoxError: the stash-box cannot be asked.
            StashError: the user's library cannot be asked.
            Cancelled: the token was set.
        """
        self._cancel = cancel
        for performers in self._pages(cancel):
            for one in performers:
                if one.pictures and not one.deleted and not one.merged_into and self._is_named(one):
                    yield self._performer(one)

    def opened(self, picture: SourcePicture) -> AbstractContextManager[Path]:
        """Give what the address of the picture gives."""
        return self._pictures.opened(picture.url, self.where(picture), self._cancel)

    def origin_of(self, picture: SourcePicture) -> str:
        """Its domain."""
        return self._domain

    def has(self, picture: SourcePicture) -> bool:
        """Whether the key is of this stash-box."""
        return picture.key.startswith(self._prefix)

    def where(self, picture: SourcePicture) -> str:
        """Return the address."""
        return picture.url

    @property
    def _prefix(self) -> str:
        return f"/{self._box.endpoint} "

    @property
    def _linked(self) -> Scope:
        """The performers of the library who have an id at this stash-box."""
        return Scope({"stash_id_endpoint": {"endpoint": self._box.endpoint, "modifier": "NOT_NULL"}})

    def _pages(self, cancel: CancelToken) -> Iterator[Sequence[Performer]]:
        mine, box = self._mine, self._box
        if mine is None:
            for page in one_by_one(self._loop, box.changed(PERFORMERS, None), cancel):
                yield page.items
            return
        for found in one_by_one(self._loop, mine.reader.pages(IN_THE_LIBRARY, self._linked), cancel):
            ids = [one.stash_id for who in found.items for one in who.stash_ids if one.endpoint == box.endpoint]
            yield list(self._loop.call(lambda ids=ids: box.by_ids(PERFORMERS, ids), cancel).items.values())  # type: ignore[misc]

    def _is_named(self, performer: Performer) -> bool:
        return is_universal_id(universal_id(self._domain, performer.id))

    def _performer(self, performer: Performer) -> SourcePerformer:
        chosen = dict.fromkeys(performer.pictures)
        pictures = [self._picture(performer, one) for one in list(chosen)[: self._most_pictures]]
        former = frozenset(universal_id(self._domain, one) for one in performer.merged_ids)
        record = self._record(performer)
        # It may be listed twice where it changes while it is read.
        return SourcePerformer(record, performer.id, self._domain, iter(pictures), former_ids=former, joins=True)

    def _picture(self, performer: Performer, picture: Picture) -> SourcePicture:
        """A picture's id is never given to another one."""
        name = picture.id or picture.url
        return SourcePicture(f"{self._prefix}{performer.id} {name}", name, picture.sized_for(_SIDE).url)

    def _record(self, performer: Performer) -> PerformerRecord:
        """Say who somebody is. How many scenes there are is left out: it changes daily, and tells nobody apart."""
        who = universal_id(self._domain, performer.id)
        return PerformerRecord(
            universal_id=who,
            name=text_of(performer.name) or who,
            disambiguation=text_of(performer.disambiguation),
            gender=text_of(performer.gender),
            country=text_of(performer.country),
            ethnicity=text_of(performer.ethnicity),
            birth_date=date_of(performer.birth_date),
            death_date=date_of(performer.death_date),
            height_cm=height_of(performer.height_cm),
            eye_color=text_of(performer.eye_color),
            hair_color=text_of(performer.hair_color),
            career_start_year=year_of(performer.career_start_year),
            career_end_year=year_of(performer.career_end_year),
            upstream_updated_at=performer.updated.isoformat() if performer.updated else None,
            image_url=next(iter(urls_of([performer.pictures[0].url])), None),
            stashbox_ids=stashbox_ids_of([(self._box.endpoint, performer.id)]),
            aliases=tuple(Alias(name, self._domain) for name in texts_of(performer.aliases)),
            tattoos=_marks(performer.tattoos),
            piercings=_marks(performer.piercings),
            urls=urls_of(link.url for link in performer.links),
        )


def _marks(said: Sequence[BodyMarkThere]) -> tuple[BodyMark, ...]:
    found = ((text_of(one.location), text_of(one.description) or "") for one in said)
    return tuple(dict.fromkeys(BodyMark(location, what) for location, what in found if location))
