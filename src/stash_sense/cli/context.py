"""How a command reaches the services."""

import typer

from stash_sense.bootstrap import Services


def services_of(context: typer.Context) -> Services:
    """Return the services that `main` built for this run."""
    services = context.find_root().obj
    assert isinstance(services, Services), "main builds the services before any command runs"  # noqa: S101
    return services
