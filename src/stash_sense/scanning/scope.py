"""What of a library the user wants scanned -> criteria of Stash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from stash_sense.errors import SavedFilterUnusable, ScanScopeEmpty, ScanScopeUnknown
from stash_sense.library.kinds import GALLERIES, IMAGES, SCENES, STUDIOS, TAGS, Kind
from stash_sense.library.people import Studio, Tag
from stash_sense.library.ports import Library
from stash_sense.library.reading import Scope
from stash_sense.library.saved_filters import scope_of

KINDS: Mapping[str, Kind[Any]] = {SCENES.name: SCENES, IMAGES.name: IMAGES}
"""What is scanned, in this order, by name."""
_MODES = {"SCENES": SCENES.name, "IMAGES": IMAGES.name}
NamedT = TypeVar("NamedT", Studio, Tag)


@dataclass(frozen=True, slots=True)
class ScanScope:
    """What the user asks for; empty for everything. What is named is named by name or id.

    Attributes:
        kinds: names of the kinds.
        saved_filter: one that is saved in Stash; restricts the scan to the kind that it is for.
        tag: it or one below it is on the scene or image.
        studio: it or one below it.
        path: is a part of the path of the file, as Stash sees it.
        unorganized: leave out what is marked as organized.
        newest_first: the highest id first.
        only_new: likewise, and only as far as there is anything on a page that has to be looked at.
        limit: how many are looked at; those that need not be are not counted.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    saved_filter: str = ""
    tag: str = ""
    studio: str = ""
    path: str = ""
    unorganized: bool = False
    newest_first: bool = False
    only_new: bool = False
    limit: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing of its kinds is left out."""
        return not (self.saved_filter or self.tag or self.studio or self.path or self.unorganized)


@dataclass(frozen=True, slots=True)
class ResolvedScope:
    """The same in terms of Stash.

    Attributes:
        scopes: what is read, by the name of the kind.
        asked: what was asked for.
        leave_alone: id of the tag of what is to be left alone.
    """

    scopes: Mapping[str, Scope]
    asked: ScanScope = field(default_factory=ScanScope)
    leave_alone: str | None = None


async def resolve(library: Library, asked: ScanScope, leave_alone: str = "") -> ResolvedScope:
    """Find out what is meant.

    Args:
        library: asked for what is named.
        asked: by the user.
        leave_alone: name of a tag; what has it, or one below it, is left out; empty for none.

    Raises:
        ScanScopeUnknown: nothing is named so.
        ScanScopeEmpty: the kinds that are asked for are not those of the filter.
        SavedFilterUnusable: see `library.saved_filters`.
        StashError: Stash cannot be asked.
    """
    kinds, words, parts = list(asked.kinds), "", list[Mapping[str, Any]]()
    if asked.saved_filter:
        kind, found = await _saved(library, asked.saved_filter)
        kinds = [one for one in kinds if one == kind]
        words = found.words
        parts.append(found.where)
    if not kinds:
        raise ScanScopeEmpty(reason="the saved filter is for another kind than you asked for")
    if asked.tag:
        parts.append({"tags": below(await _named(library, TAGS, asked.tag))})
    if asked.studio:
        parts.append({"studios": below(await _named(library, STUDIOS, asked.studio))})
    if asked.path:
        # In quotes, or any word of it would do.
        parts.append({"path": {"value": f'"{asked.path.replace(chr(34), "")}"', "modifier": "INCLUDES"}})
    if asked.unorganized:
        parts.append({"organized": False})
    left = await library.reader.named(TAGS, leave_alone) if leave_alone else ()
    if leave_alone and not left:  # better no scan than one of what shall be left alone
        raise ScanScopeUnknown(what="tag of the setting leave_alone_tag,", name=leave_alone)
    if left:
        parts.append({"tags": {**below(left[0].id), "modifier": "EXCLUDES"}})
    where = all_of(parts)
    scopes = {kind: Scope(where, words) for kind in KINDS if kind in kinds}
    return ResolvedScope(scopes, asked, left[0].id if left else None)


def nothing_found(scope: ResolvedScope) -> str:
    """Say of a scope in which Stash has nothing what was asked for, and what to try, in a sentence."""
    asked = scope.asked
    parts = [
        *([f"that the filter {asked.saved_filter!r} finds"] if asked.saved_filter else ()),
        *([f"with the tag {asked.tag!r} or one below it"] if asked.tag else ()),
        *([f"of the studio {asked.studio!r} or one below it"] if asked.studio else ()),
        *([f"with {asked.path!r} in the path of a file"] if asked.path else ()),
        *(["that is not organized"] if asked.unorganized else ()),
        *(["that is not to be left alone"] if scope.leave_alone is not None else ()),
    ]
    what = " ".join([" or ".join(kind for kind in KINDS if kind in scope.scopes), " and ".join(parts)]).strip()
    if not parts:
        hint = "let Stash look through its folders first"
    elif asked.path:
        hint = "look there how it writes paths, or ask for more"
    else:
        hint = "look there what it has, or ask for more"
    return f"Stash has no {what}: {hint}."


async def galleries_left_alone(library: Library, scope: ResolvedScope) -> frozenset[str]:
    """Return ids of the galleries whose images are to be left alone.

    Raises:
        StashError: Stash cannot be asked.
    """
    if scope.leave_alone is None or IMAGES.name not in scope.scopes:
        return frozenset()
    pages = library.reader.ids(GALLERIES, Scope({"tags": below(scope.leave_alone)}))
    return frozenset([id_ async for page in pages for id_ in page.items])


def below(id_: str) -> dict[str, Any]:
    """Ask for what has one tag or studio, or any below it."""
    return {"value": [id_], "modifier": "INCLUDES", "depth": -1}


def all_of(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Join criteria that must all hold; what is said of a key twice is joined by AND."""
    if not parts:
        return {}
    first, *rest = parts
    together, apart = dict(first), list[Mapping[str, Any]]()
    for part in rest:
        if together.keys() & (part.keys() | {"AND", "OR", "NOT"}):
            apart.append(part)
        else:
            together.update(part)
    return {**together, "AND": all_of(apart)} if apart else together


async def _saved(library: Library, name: str) -> tuple[str, Scope]:
    saved = await library.server.saved_filters()
    wanted = name.strip().casefold()
    named = [one for one in saved if one.name.casefold() == wanted] or [one for one in saved if one.id == name]
    if not named:
        raise ScanScopeUnknown(what="saved filter", name=name)
    fitting = [one for one in named if one.mode in _MODES]
    if not fitting:
        raise SavedFilterUnusable(name=named[0].name, reason="it is neither for scenes nor for images")
    if len(fitting) > 1:
        ids = ", ".join(f"{one.id} for {one.mode.lower()}" for one in fitting)
        raise SavedFilterUnusable(name=fitting[0].name, reason=f"several are called so: give its id, {ids}")
    return _MODES[fitting[0].mode], scope_of(fitting[0])


async def _named(library: Library, kind: Kind[NamedT], name: str) -> str:
    found = await library.reader.named(kind, name)
    if found:
        return found[0].id
    if not name.isdecimal() or not await library.reader.by_ids(kind, [name]):
        raise ScanScopeUnknown(what=kind.name, name=name)
    return name
