"""`stash-sense db key`: the user's own signing key, and those of publishers who are trusted."""

from pathlib import Path
from typing import Annotated

import typer

from stash_sense.cli.context import services_of
from stash_sense.cli.db.versions import Json
from stash_sense.cli.present import print_json, print_warnings, say
from stash_sense.cli.progress import shown_progress
from stash_sense.errors import KeyNotTrusted
from stash_sense.kernel.paths import typed_path

app = typer.Typer(
    help="The keys that releases are signed with, and those you trust.", no_args_is_help=True, add_completion=False
)

PASSWORD = typer.Option(
    "--password",
    envvar="STASH_SENSE_KEY_PASSWORD",
    show_default=False,
    help="Password of the key; better in the environment than on the command line.",
)


@app.command("new")
def new_key(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(help="The secret key's file, if not in its usual place.", parser=typed_path, metavar="PATH"),
    ] = None,
    password: Annotated[str | None, PASSWORD] = None,
    json: Json = False,
) -> None:
    """Make the key that you sign releases with."""
    services = services_of(context)
    public = services.keys.make_own(services.ed25519, password, out)
    secret = out or services.keys.own
    if json:
        document = {"id": public.id, "public_key": str(public), "secret_key_file": str(secret)}
        print_json({"schema": 1, **document})
        return
    say(f"The secret key {public.id} is in {secret}: keep a copy in a safe place, and give it to nobody.")
    say("Tell those who shall trust your releases to type")
    say(f"  stash-sense db key trust {public}")


@app.command("trust")
def trust(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The public key (RW…), or its file.", show_default=False)],
    json: Json = False,
) -> None:
    """Install releases that are signed with this key from now on."""
    public = services_of(context).keys.trust(key)
    if json:
        print_json({"schema": 1, "id": public.id, "public_key": str(public)})
    else:
        say(f"Releases signed with the key {public.id} are installed from now on.")


@app.command("distrust")
def distrust(
    context: typer.Context,
    key_id: Annotated[
        str, typer.Argument(help="Id of the key, as `key list` shows it, or its file's name.", show_default=False)
    ],
    json: Json = False,
) -> None:
    """Install releases that are signed with this key no longer."""
    if not services_of(context).keys.distrust(key_id):
        raise KeyNotTrusted(path=key_id)
    if json:
        print_json({"schema": 1, "id": key_id, "removed": True})
    else:
        say(f"The key {key_id} is trusted no longer.")


@app.command("list")
def list_keys(context: typer.Context, json: Json = False) -> None:
    """List the keys you trust; your own is marked."""
    ring = services_of(context).keys
    trusted, faults, own = ring.trusted(), [str(fault) for fault in ring.faults()], ring.own_id()
    if json:
        found = [{"id": key.id, "public_key": str(key), "own": key.id == own} for key in trusted]
        print_json({"schema": 1, "keys": found, "faults": faults})
        return
    with shown_progress() as progress:
        print_warnings(faults, progress)
    for key in trusted:
        say(f"{key.id}  {key}{'  (yours)' if key.id == own else ''}")
    if not trusted:
        say("You trust no key; `stash-sense db key trust KEY` adds a publisher's.")
