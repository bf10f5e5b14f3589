"""Answers documents as gqlgen does: what is wrong before execution is 422, what a resolver refuses is 200."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_variable_values

Resolver = Callable[[Any, Any, Mapping[str, Any]], Any]
"""(the row the field is of, the context of the request, the arguments that were given) -> value."""

Source = Callable[[Any, Mapping[str, Any]], AsyncIterator[Any]]
"""(the context of the request, the arguments) -> what a subscription tells, one by one."""

_KEPT_DOCUMENTS = 512
"""A client sends the same few documents again and again; parsing one costs more than answering it."""


class ResolverError(Exception):
    """A resolver refuses; its text is what the client reads, beside data that is null.

    Args:
        message: as the server words it.
        below: what the error's path names below the field, as the argument that could not be read.
    """

    def __init__(self, message: str, below: Sequence[str | int] = ()) -> None:
        super().__init__(message)
        self.below = tuple(below)


class Flaw(Exception):
    """A request met something that this simulator does not do; it is answered with HTTP 500, never with data."""


@dataclass(frozen=True)
class Operation:
    """What one request asks for."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True)
class Answer:
    """What it is answered."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """An operation that may be executed."""

    operation: Operation
    document: DocumentNode
    definition: OperationDefinitionNode
    variables: Mapping[str, Any]

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.definition.operation


class Engine:
    """A schema with its resolvers.

    Args:
        schema: what is checked against; its resolvers are set here, so it is one engine's own.
        resolvers: by "Type.field", as "Query.findScenes" or "Scene.files". A field of a type that is not Query or
            Mutation and has none is read from its row, a mapping, under its own name, and called if it can be.
            What is in neither is a `Flaw`. A union has one of its own name, which tells the type of a row.
        sources: of subscriptions, by field name.
    """

    def __init__(
        self, schema: GraphQLSchema, resolvers: Mapping[str, Resolver], sources: Mapping[str, Source] | None = None
    ) -> None:
        self.schema = schema
        self.sources = dict(sources or {})
        self._documents: OrderedDict[str, DocumentNode | Answer] = OrderedDict()
        unknown = set(resolvers)
        for type_name, kind in schema.type_map.items():
            if type_name.startswith("__"):
                continue
            if isinstance(kind, GraphQLUnionType) and type_name in resolvers:
                unknown.discard(type_name)
                kind.resolve_type = _type_of(resolvers[type_name])
            for name, told in getattr(kind, "fields", {}).items():
                unknown.discard(f"{type_name}.{name}")
                if hasattr(told, "resolve"):
                    told.resolve = _adapted(type_name, name, resolvers.get(f"{type_name}.{name}"))
        self.unplaced = frozenset(unknown)
        """Resolvers whose field the schema has not, as that of a newer version."""

    def prepare(self, operation: Operation) -> Prepared | Answer:
        """Parse, validate, coerce.

        Returns:
            The operation, or the answer that says what is wrong with it.
        """
        document = self._document(operation.query)
        if isinstance(document, Answer):
            return document
        found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if operation.name:
            found = [node for node in found if node.name and node.name.value == operation.name]
        if len(found) != 1:
            return refused([{"message": f"operation {operation.name or ''} not found", **_VALIDATION}])
        coerced = get_variable_values(self.schema, found[0].variable_definitions or (), dict(operation.variables))
        if isinstance(coerced, list):
            return refused([_of_variable(error) for error in coerced])
        return Prepared(operation, document, found[0], dict(operation.variables))

    def execute(self, operation: Operation | Prepared, context: Any, root: Any = None) -> Answer:
        """Answer an operation.

        Args:
            operation: prepared or not.
            context: of the request, given to every resolver.
            root: the row of the root fields; what happened, by field name, for a subscription.

        Raises:
            Flaw: what the simulator does not do was asked for, or it failed at it.
        """
        prepared = self.prepare(operation) if isinstance(operation, Operation) else operation
        if isinstance(prepared, Answer):
            return prepared
        result = execute_sync(
            self.schema,
            prepared.document,
            root_value=root,
            context_value=context,
            variable_values=dict(prepared.variables),
            operation_name=prepared.definition.name.value if prepared.definition.name else None,
        )
        body: dict[str, Any] = {}
        for error in result.errors or ():
            if error.original_error is not None and not isinstance(error.original_error, ResolverError):
                raise Flaw(f"{'.'.join(map(str, error.path or ()))}: {error.original_error!r}") from error
            below = getattr(error.original_error, "below", ())
            body.setdefault("errors", []).append({"message": error.message, "path": [*(error.path or ()), *below]})
        body["data"] = result.data
        return Answer(200, body)

    async def events(self, prepared: Prepared, context: Any) -> AsyncIterator[Answer]:
        """Answer a subscription: one answer for each thing that happens."""
        (selected,) = (node for node in prepared.definition.selection_set.selections if node.kind == "field")
        name = selected.name.value  # type: ignore[attr-defined]
        kind = self.schema.subscription_type
        if kind is None or name not in self.sources:
            raise Flaw(f"no source for the subscription {name}")
        coerced = get_variable_values(
            self.schema, prepared.definition.variable_definitions or (), dict(prepared.variables)
        )
        arguments = get_argument_values(kind.fields[name], selected, coerced)  # type: ignore[arg-type]
        async for told in self.sources[name](context, arguments):
            yield self.execute(prepared, context, {name: told})

    def _document(self, query: str) -> DocumentNode | Answer:
        known = self._documents.get(query)
        if known is None:
            known = self._read(query)
            self._documents[query] = known
            if len(self._documents) > _KEPT_DOCUMENTS:
                self._documents.popitem(last=False)
        return known

    def _read(self, query: str) -> DocumentNode | Answer:
        if not query.strip():
            return refused([{"message": "no operation provided", **_VALIDATION}])
        try:
            document = parse(query)
        except GraphQLError as error:
            return refused([{**_placed(error), "extensions": {"code": "GRAPHQL_PARSE_FAILED"}}])
        errors = validate(self.schema, document)
        return refused([{**_placed(error), **_VALIDATION} for error in errors]) if errors else document


_VALIDATION: dict[str, Any] = {"extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}


def refused(errors: Iterable[Mapping[str, Any]]) -> Answer:
    """Return the answer to what is not executed at all."""
    return Answer(422, {"errors": [dict(error) for error in errors], "data": None})


def _placed(error: GraphQLError) -> dict[str, Any]:
    places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    message = error.message.removeprefix("Syntax Error: ")
    return {"message": message, "locations": places} if places else {"message": message}


def _of_variable(error: GraphQLError) -> dict[str, Any]:
    names = [getattr(getattr(node, "variable", None), "name", None) for node in error.nodes or ()]
    return {"message": error.message, "path": ["variable", *(name.value for name in names if name)], **_VALIDATION}


def _adapted(type_name: str, name: str, resolver: Resolver | None) -> Callable[..., Any]:
    if resolver is not None:

        def resolve(row: Any, info: GraphQLResolveInfo[Any], /, **arguments: Any) -> Any:
            return resolver(row, info.context, arguments)

        return resolve

    def read(row: Any, info: GraphQLResolveInfo[Any], /, **arguments: Any) -> Any:
        if not isinstance(row, Mapping) or name not in row:
            raise Flaw(f"{type_name}.{name} is not implemented")
        value = row[name]
        return value() if callable(value) else value

    return read


def _type_of(resolver: Resolver) -> Callable[..., str]:
    return lambda row, info, _union: str(resolver(row, info.context, {}))
