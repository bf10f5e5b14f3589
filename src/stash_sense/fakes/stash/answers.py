"""All that answers: importing it registers every resolver, and gives the engine of a profile."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from stash_sense.fakes.graphql.engine import Engine
from stash_sense.fakes.stash import changes, jobs, lists, related, scenes, settings
from stash_sense.fakes.stash.fields import RESOLVERS
from stash_sense.fakes.stash.profiles import Profile, schema_of

REGISTERED = (
    jobs,
    lists,
    related,
    scenes,
    settings,
    *(import_module(f"{changes.__name__}.{found.name}") for found in iter_modules(changes.__path__)),
)
"""Modules that register resolvers when they are imported."""


@cache
def engine_of(profile: Profile) -> Engine:
    """Return what answers as that version of Stash; it remembers nothing but documents, so all servers share it."""
    return Engine(schema_of(profile), RESOLVERS, jobs.SOURCES)
