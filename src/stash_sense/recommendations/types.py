"""The types of recommendations: what each says, and how its details are kept and read."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from stash_sense.errors import RecommendationTypeUnknown, RecommendationUnreadable
from stash_sense.recommendations.recommendation import NewRecommendation, Recommendation, Target, content_digest

_SCHEMA = "schema"


class Details(BaseModel):
    """What a recommendation of a type says. `schema_number` grows when older details cannot be read any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_number: ClassVar[int] = 1

    @abstractmethod
    def content(self) -> object:
        """Return, as a JSON value, that by which it is another recommendation and not the same with other figures."""


@dataclass(frozen=True, slots=True)
class RecommendationType:
    """A type.

    Attributes:
        name: stable.
        title: for a heading.
        what: what it says, in a sentence.
        target_kind: name of the kind of its targets.
        details: their model.
    """

    name: str
    title: str
    what: str
    target_kind: str
    details: type[Details]

    def new(self, target_id: str, details: Details, confidence: float) -> NewRecommendation:
        """Make a recommendation; `confidence` from 0 to 1."""
        if type(details) is not self.details:
            raise ValueError(f"{self.name} has other details than {type(details).__name__}")
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f"a confidence of {confidence}")
        kept: dict[str, Any] = {_SCHEMA: details.schema_number, **details.model_dump(mode="json")}
        target = Target(self.target_kind, target_id)
        return NewRecommendation(self.name, target, content_digest(details.content()), kept, confidence)

    def details_of(self, recommendation: Recommendation) -> Details:
        """Read the details of one.

        Raises:
            RecommendationUnreadable: another version wrote them in another way.
        """
        kept = dict(recommendation.details)
        number = kept.pop(_SCHEMA, None)
        if number != self.details.schema_number:
            reason = f"its details have the schema {number}, this program knows {self.details.schema_number}"
            raise RecommendationUnreadable(id=recommendation.id, reason=reason)
        try:
            return self.details.model_validate(kept)
        except ValidationError as error:
            reason = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
            raise RecommendationUnreadable(id=recommendation.id, reason=reason) from error


class Types:
    """All types that this program knows, in the order in which they are shown."""

    def __init__(self, types: Iterable[RecommendationType]) -> None:
        self._types = {one.name: one for one in types}

    def __iter__(self) -> Iterator[RecommendationType]:
        return iter(self._types.values())

    def __getitem__(self, name: str) -> RecommendationType:
        """Return a type.

        Raises:
            RecommendationTypeUnknown: there is none of that name.
        """
        try:
            return self._types[name]
        except KeyError:
            raise RecommendationTypeUnknown(type=name, known=", ".join(self._types)) from None
