"""Where resolvers are registered: `@query("findScene")`, `@mutation("sceneUpdate")`, `@of("Scene.files")`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stash_sense.fakes.graphql.engine import Resolver, ResolverError
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Context:
    """What a resolver is given of the request and the server.

    Attributes:
        state: the library.
        base: of the addresses that are given out, without a slash at the end: the host as the client named it.
        server: the running simulator, for jobs, faults and the keys.
        status: that the server has for this request: SETUP, NEEDS_MIGRATION or OK.
    """

    state: State
    base: str
    server: Any
    status: str = "OK"


Root = Callable[[Context, Arguments], Any]
Field = Callable[[Row, Context, Arguments], Any]

RESOLVERS: dict[str, Resolver] = {}
"""By "Type.field"; filled by the modules of this folder when they are imported (`answers` imports them all)."""


def query(name: str, *, always: bool = False) -> Callable[[Root], Root]:
    """Register what answers a field of Query: (context, arguments) -> rows of the state.

    Args:
        name: of the field.
        always: answered by a server too that is not set up.
    """

    def run(answer: Root, context: Context, arguments: Arguments) -> Any:
        with context.state.lock:
            if not always:
                _require_ready(context)
            return answer(context, arguments)

    return _root(f"Query.{name}", run)


def mutation(name: str, *, writes: bool = True) -> Callable[[Root], Root]:
    """Register what answers a field of Mutation: (context, arguments) -> rows of the state.

    Args:
        name: of the field.
        writes: to the database: in a transaction that is taken back when it raises, and not while it is locked.
    """

    def run(answer: Root, context: Context, arguments: Arguments) -> Any:
        _require_ready(context)
        if not writes:
            with context.state.lock:
                return answer(context, arguments)
        context.server.writing()
        with context.state.transaction():
            return answer(context, arguments)

    return _root(f"Mutation.{name}", run)


def of(*names: str) -> Callable[[Field], Field]:
    """Register what answers fields of other types: (row, context, arguments) -> value; "Scene.files"."""

    def register(answer: Field) -> Field:
        for name in names:
            RESOLVERS[name] = answer
        return answer

    return register


def _require_ready(context: Context) -> None:
    if context.status != "OK":
        raise ResolverError(
            "Internal system error. Error <runtime error: invalid memory address or nil pointer dereference>"
        )


def _root(name: str, run: Callable[[Root, Context, Arguments], Any]) -> Callable[[Root], Root]:
    def register(answer: Root) -> Root:
        RESOLVERS[name] = lambda _row, context, arguments: run(answer, context, arguments)
        return answer

    return register
