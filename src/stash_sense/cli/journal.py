"""`stash-sense journal`: what was written to your Stash, and undoing it."""

from typing import Annotated

import typer

from stash_sense.cli.context import services_of
from stash_sense.cli.desk import desk_of
from stash_sense.cli.names import names_in
from stash_sense.cli.present import print_json, print_shaped, say
from stash_sense.cli.serving import Document
from stash_sense.errors import SettingInvalid
from stash_sense.reports.recommendations import Names, entry_of, journal_listing, writes_in_words
from stash_sense.reports.wording import counted

app = typer.Typer(help="What was written to your Stash, and undoing it.", no_args_is_help=True, add_completion=False)

EXIT_REFUSED = 1
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


@app.command("list")
def list_entries(
    context: typer.Context,
    group: Annotated[str | None, typer.Option(help="Only what was written together.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many to show.")] = 25,
    cursor: Annotated[str | None, typer.Option(help="Go on after the page that told it.")] = None,
    json: Json = False,
) -> None:
    """List what was written, newest first."""
    query: Document = {
        "limit": limit,
        **({"group": group} if group else {}),
        **({"cursor": cursor} if cursor else {}),
    }
    services = services_of(context)
    found = desk_of(services).journal(query)
    if json:
        print_json({"schema": 1, **found})
        return
    if not found["items"]:
        where = f" under the group {group}; `stash-sense journal list` shows which there are" if group else ""
        say(f"Nothing was written to Stash{where}.")
        return
    print_shaped(journal_listing(found["items"], names_in(services, found["items"])))
    if found["next"]:
        say(f"There are more: add --cursor {found['next']}")


@app.command("show")
def show(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="Number of the entry.", show_default=False)],
    json: Json = False,
) -> None:
    """Show what was written to one thing of Stash, and what was there before."""
    services = services_of(context)
    entry = desk_of(services).entry(number)
    if json:
        print_json({"schema": 1, "entry": entry})
    else:
        print_shaped(entry_of(entry, names_in(services, [entry])))


@app.command("undo")
def undo(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(help="Number of the entry.", show_default=False)] = None,
    group: Annotated[str | None, typer.Option(help="All that was written together.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Undo what was written, unless somebody has changed it since. What undoes is in the journal, too.

    The exit code is 0 only when all of it is undone.
    """
    services = services_of(context)
    desk = desk_of(services)
    asked = {"dry_run": dry_run}
    if number is not None and group is None:
        told = desk.undo(number, asked)
    elif group is not None and number is None:
        told = desk.undo_group(group, asked)
    else:
        raise SettingInvalid(name="NUMBER", value=number or "nothing", reason="name an entry, or a --group")
    if json:
        print_json({"schema": 1, **told})
    else:
        _tell(told, names_in(services, told["writes"]))
    if told["refused"]:
        raise typer.Exit(EXIT_REFUSED)


def _tell(told: Document, names: Names) -> None:
    if told["dry_run"]:
        say("Undoing would write:" if told["writes"] else "Nothing would be written.")
    for sentence in writes_in_words(told["writes"], names):
        say(f"  {sentence}" if told["dry_run"] else sentence)
    for refused in told["refused"]:
        say(f"→ {refused['message']}")
    if told["dry_run"]:
        return
    number = len(told["undone"])
    what = counted(number, "entry is", "entries are") if number else "Nothing is"
    group = told["group"]
    again = f" `stash-sense journal undo --group {group}` writes it again." if group else ""
    before = " It was so before." if number and not group else ""
    say(f"{what} undone.{again}{before}")
