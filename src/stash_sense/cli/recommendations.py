"""`stash-sense recommendations`: what was found in your Stash, to accept or to dismiss."""

import shlex
from collections.abc import Iterable
from typing import Annotated

import typer

from stash_sense.bootstrap import Services
from stash_sense.cli.asking import confirm
from stash_sense.cli.context import services_of
from stash_sense.cli.desk import Desk, desk_of
from stash_sense.cli.names import names_in
from stash_sense.cli.present import print_json, print_shaped, say
from stash_sense.cli.serving import Document
from stash_sense.errors import RecommendationError, ServiceAnswer, SettingInvalid, StashError
from stash_sense.reports.recommendations import Names, details_of, listing, names_of, writes_in_words
from stash_sense.reports.wording import counted

app = typer.Typer(
    help="What was found in your Stash, to accept or to dismiss.", no_args_is_help=True, add_completion=False
)

EXIT_REFUSED = 1
_AT_ONCE = 20
"""In one request to the service, so that it answers within some seconds."""
_PENDING = "pending"
_COUNTED = 500
"""Recommendations that are counted before somebody is asked: a page has no more."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Number = Annotated[int, typer.Argument(help="Number of the recommendation.", show_default=False)]
Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers of recommendations.", show_default=False)]
AllOf = Annotated[
    str | None, typer.Option(metavar="TYPE", help="All pending ones of a type, such as unidentified_scene.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written to Stash, and write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_recommendations(
    context: typer.Context,
    status: Annotated[
        list[str] | None, typer.Option(help="pending, resolved or dismissed; can be repeated. Pending ones without.")
    ] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only of this type; can be repeated.")] = None,
    sort: Annotated[str, typer.Option(help="newest, oldest, confidence or updated.")] = "confidence",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many to show.")] = 25,
    cursor: Annotated[str | None, typer.Option(help="Go on after the page that told it.")] = None,
    json: Json = False,
) -> None:
    """List recommendations: who was recognised, how surely, and in what."""
    _check("status", status or (), ("pending", "resolved", "dismissed"))
    _check("sort", [sort], ("newest", "oldest", "confidence", "updated"))
    query: Document = {"status": list(status or [_PENDING]), "sort": sort, "limit": limit}
    query |= {"type": list(type_)} if type_ else {}
    query |= {"cursor": cursor} if cursor else {}
    found = desk_of(services_of(context)).recommendations(query)
    if json:
        print_json({"schema": 1, **found})
        return
    if not found["items"]:
        say("There is nothing to decide. `stash-sense scan` looks for more.")
        return
    print_shaped(listing(found["items"]))
    if found["next"]:
        say(f"There are more: add --cursor {found['next']}")


@app.command("show")
def show(context: typer.Context, number: Number, json: Json = False) -> None:
    """Show one: who is seen, how surely, where, who else it may be, and what accepting it would write."""
    desk = desk_of(services_of(context))
    one = desk.recommendation(number)
    if json:
        print_json({"schema": 1, "recommendation": one})
        return
    print_shaped(details_of(one))
    if one["status"] == _PENDING:
        _tell_planned(desk, one)


@app.command("accept")
def accept(
    context: typer.Context,
    numbers: Numbers = None,
    all_of: AllOf = None,
    least: Annotated[float, typer.Option(min=0.0, max=1.0, help="With --all-of: the least confidence.")] = 0.0,
    person: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=PERFORMER]",
            help="Of one recommendation: add this person, as this performer of Stash; =new creates the performer, "
            "as the stash-box has it where one does. Can be repeated; without, everybody who is in Stash already.",
        ),
    ] = None,
    portrait: Annotated[bool, typer.Option("--portrait", help="Give performers without a picture the face.")] = False,
    even_if_named: Annotated[
        bool, typer.Option("--even-if-named", help="Create performers even if Stash has somebody of the name.")
    ] = False,
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Of a gallery: add people to its images, too.")
    ] = True,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Add the people of recommendations to what they are seen in. `stash-sense journal undo` takes it back.

    The exit code is 0 only when all of them are accepted.
    """
    if least and all_of is None:
        raise SettingInvalid(name="--least", value=least, reason="it chooses among --all-of a type")
    services = services_of(context)
    desk = desk_of(services)
    chosen = _one_or_many(numbers, all_of)
    if len(chosen) == 1 and all_of is None:
        asked: Document = {"images": images, "dry_run": dry_run}
        if person or portrait or even_if_named:
            asked["choices"] = _choices(desk.recommendation(chosen[0]), person, portrait, even_if_named)
        told = desk.accept(chosen[0], asked)
        _tell_accepted(told, json)
        return
    if person or portrait or even_if_named:
        raise SettingInvalid(name="--person", value=person or "", reason="people are chosen of one recommendation")
    if all_of is not None and not dry_run:
        what = f"{_pending(desk, all_of)} would be accepted, and Stash be changed"
        confirm(what, "Go on?", yes=yes, json=json)
    told = _accept_all(desk, chosen, all_of, {"images": images, "dry_run": dry_run}, least)
    _tell_many(services, told, "accepted", json)


@app.command("dismiss")
def dismiss(
    context: typer.Context,
    numbers: Numbers = None,
    all_of: AllOf = None,
    reason: Annotated[str, typer.Option(help="Why, in your words.")] = "",
    permanent: Annotated[
        bool, typer.Option("--permanent", help="Say nothing of this type about the same thing ever again.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Dismiss recommendations; they come back only where they say something else. Nothing is written to Stash."""
    services = services_of(context)
    desk = desk_of(services)
    chosen = _one_or_many(numbers, all_of)
    said = {"reason": reason, "permanent": permanent}
    if len(chosen) == 1 and all_of is None:
        one = desk.dismiss(chosen[0], said)
        if json:
            print_json({"schema": 1, "recommendation": one})
        else:
            good = " for good" if one["permanent"] else ""
            back = f"`stash-sense recommendations reopen {one['id']}` takes it back."
            say(f"Recommendation {one['id']} is dismissed{good}. {back}")
        return
    if all_of is not None:
        confirm(f"{_pending(desk, all_of)} would be dismissed", "Go on?", yes=yes, json=json)
    which = {"type": all_of} if all_of is not None else {"ids": chosen}
    _tell_many(services, desk.dismiss_many({**which, **said}), "dismissed", json)


@app.command("reopen")
def reopen(context: typer.Context, number: Number, json: Json = False) -> None:
    """Make a recommendation pending again; what was written for it stays until `stash-sense journal undo`."""
    one = desk_of(services_of(context)).reopen(number)
    if json:
        print_json({"schema": 1, "recommendation": one})
    else:
        say(f"Recommendation {one['id']} is pending.")


def _tell_planned(desk: Desk, one: Document) -> None:
    """Say what accepting one would write, or why it cannot be accepted as it is."""
    try:
        planned = desk.accept(one["id"], {"dry_run": True})
    except (RecommendationError, StashError, ServiceAnswer) as error:
        say(f"→ {error}")
        _tell_how_to_choose(one)
        return
    say("Accepting it would write:" if planned["writes"] else "Accepting it would write nothing.")
    for sentence in writes_in_words(planned["writes"], names_of(one)):
        say(f"  {sentence}")
    for note in planned["notes"]:
        say(f"→ {note}")
    _tell_how_to_choose(one)


def _tell_how_to_choose(one: Document) -> None:
    """Say how people are added who are not in Stash, where there are any."""
    people = one["details"].get("people", [])
    if all(person["performer_id"] for person in people):
        return
    chosen = " ".join(f"--person {shlex.quote(_to_choose(person))}" for person in people)
    say(f"To add everybody: stash-sense recommendations accept {one['id']} {chosen}")
    say("There `new` creates a performer; the number of a performer of Stash can stand in its place.")


def _to_choose(person: Document) -> str:
    if person["performer_id"]:
        return str(person["name"])
    return f"{person['name']}=new"


def _is_at_box(person: Document) -> bool:
    return bool(person["endpoint"]) or not person["person_id"].startswith(("folder:", "stash:"))


def _one_or_many(numbers: list[int] | None, all_of: str | None) -> list[int]:
    if bool(numbers) is (all_of is not None):
        raise SettingInvalid(
            name="NUMBERS",
            value=" ".join(map(str, numbers or ())) or "nothing",
            reason="name recommendations, or --all-of TYPE",
        )
    return list(dict.fromkeys(numbers or ()))


def _pending(desk: Desk, type_: str) -> str:
    """Say how many are pending of a type."""
    found = desk.recommendations({"status": [_PENDING], "type": [type_], "limit": _COUNTED})
    more = "More than " if found["next"] else ""
    return f"{more}{counted(len(found['items']), 'pending recommendation')} of the type {type_}"


def _check(name: str, values: Iterable[str], known: tuple[str, ...]) -> None:
    for value in values:
        if value not in known:
            raise SettingInvalid(name=f"--{name}", value=value, reason=f"it is one of {', '.join(known)}")


def _choices(one: Document, said: list[str] | None, portrait: bool, even_if_named: bool) -> list[Document]:
    """Read NAME, NAME=17 and NAME=new; without any everybody who is in Stash is chosen."""
    people = one["details"].get("people", [])
    if not said:
        said = [person["person_id"] for person in people if person["performer_id"]]
    choices = []
    for text in said:
        name, _, who = text.partition("=")
        found = [one for one in people if name.casefold() in (one["name"].casefold(), one["person_id"].casefold())]
        if len(found) != 1:
            known = ", ".join(person["name"] for person in people)
            raise SettingInvalid(name="--person", value=name, reason=f"the people of it are {known}")
        choice: Document = {"person_id": found[0]["person_id"], "portrait": portrait}
        if who == "new":
            by_hand = {"create": {"name": found[0]["name"]}}
            choice |= {"create_from_stashbox": True} if _is_at_box(found[0]) else by_hand
            choice["even_if_named"] = even_if_named
        elif who:
            choice["performer_id"] = who
        choices.append(choice)
    return choices


def _accept_all(desk: Desk, ids: list[int], all_of: str | None, asked: Document, least: float) -> Document:
    """Accept some at a time, all of it in one group."""
    total: Document = {"items": [], "done": 0, "refused": 0, "group": None, "dry_run": asked["dry_run"]}
    cursor: str | None = None
    while True:
        part: Document = dict(asked)
        if all_of is None:
            part["ids"], ids = ids[:_AT_ONCE], ids[_AT_ONCE:]
        else:
            part |= {"type": all_of, "limit": _AT_ONCE, "least_confidence": least}
            part |= {"cursor": cursor} if cursor else {}
        part |= {"group": total["group"]} if total["group"] else {}
        answer = desk.accept_many(part)
        total["group"], cursor = answer["group"] or total["group"], answer["next"]
        total["items"] += answer["items"]
        total["done"] += answer["done"]
        total["refused"] += answer["refused"]
        if not ids and not cursor:
            return total


def _tell_accepted(told: Document, json: bool) -> None:
    if json:
        print_json({"schema": 1, **told})
        return
    one = told["recommendation"]
    names = names_of(one)
    if told["dry_run"]:
        say(f"Accepting recommendation {one['id']} would write:" if told["writes"] else "Nothing would be written.")
        for sentence in writes_in_words(told["writes"], names):
            say(f"  {sentence}")
    elif not told["performer_ids"]:
        say(f"Recommendation {one['id']} was accepted before.")
    elif one["group"] is None:
        say(f"Recommendation {one['id']} is accepted: everybody was there already, and nothing was written.")
    else:
        say(f"Recommendation {one['id']} is accepted: {_added(told['performer_ids'], names)}.{_undo(one['group'])}")
    for note in told["notes"]:
        say(f"→ {note}")


def _tell_many(services: Services, told: Document, what: str, json: bool) -> None:
    if json:
        print_json({"schema": 1, **told})
    else:
        writes = [write for one in told["items"] for write in one["writes"]]
        _say_many(told, what, names_in(services, writes) if writes else {})
    if told["refused"]:
        raise typer.Exit(EXIT_REFUSED)


def _say_many(told: Document, what: str, names: Names) -> None:
    for one in told["items"]:
        if one["error"] is not None:
            say(f"Recommendation {one['id']} is not {what}: {one['error']['message']}")
        for sentence in [*writes_in_words(one["writes"], names), *one["notes"]]:
            say(f"Recommendation {one['id']}: {sentence}")
    would = "would be" if told["dry_run"] else "are" if told["done"] != 1 else "is"
    refused = f", {told['refused']:,} not" if told["refused"] else ""
    say(f"{counted(told['done'], 'recommendation')} {would} {what}{refused}.{_undo(told['group'])}")


def _added(ids: list[str], names: Names) -> str:
    who = ", ".join(names.get(("performer", id_), f"performer {id_}") for id_ in ids)
    return f"{who} {'is' if len(ids) == 1 else 'are'} added"


def _undo(group: str | None) -> str:
    return f" `stash-sense journal undo --group {group}` takes it back." if group else ""
