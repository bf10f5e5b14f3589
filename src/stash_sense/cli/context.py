"""How a command reaches the services."""

import typer

from stash_sense.bootstrap import Services, build
from stash_sense.settings import load_settings


def services_of(context: typer.Context) -> Services:
    """Return the services of this run, built when a command first asks: `--help` needs no valid settings.

    Raises:
        SettingInvalid: an environment variable has a value that cannot be used.
    """
    root = context.find_root()
    if not isinstance(root.obj, Services):
        root.obj = build(load_settings(), cancel=root.obj)
        root.call_on_close(root.obj.close)
        for sentence in root.obj.environment.warnings:
            typer.echo(f"warning: {sentence}", err=True)
    return root.obj
