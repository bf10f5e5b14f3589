"""Values into HTML: whatever is not Markup already is data, made visible and escaped."""

from collections.abc import Iterable
from html import escape

from stash_sense.reports.wording import visible

_WITHOUT_END = frozenset(("br", "img", "meta"))


class Markup(str):
    """HTML that is finished. Only this module and constants in the code make it, never a value from outside."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | int | None) -> Markup:
    """Return one element; `class_` and `aria_label` stand for class and aria-label, None leaves one out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _WITHOUT_END:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(children)}</{tag}>")


def joined(children: Iterable[str]) -> Markup:
    """Return the children one after another, those that are data escaped."""
    return Markup("".join(child if isinstance(child, Markup) else _escaped(child) for child in children))


def name(text: str) -> Markup:
    """Return a name whose direction of writing is its own and does not spread to the text around it."""
    return element("bdi", text)


def _escaped(text: str) -> str:
    return escape(visible(text), quote=True)
