"""Subscriptions over a WebSocket, in both protocols: graphql-transport-ws and the older graphql-ws."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect

from stash_sense.fakes.graphql.engine import Answer, Engine, Flaw, Operation, Prepared

TRANSPORT_WS, OLD_WS = "graphql-transport-ws", "graphql-ws"
_UNAUTHORIZED, _INVALID, _BROKEN = 4401, 4400, 1011


@dataclass
class GraphQLOverSocket:
    """Answers WebSockets of /graphql: its method `talk` is the endpoint of a route.

    Args:
        engine: answers.
        context_of: makes what its resolvers are given from the connection.
        flaws: to which is added what was asked for and is not simulated.
    """

    engine: Engine
    context_of: Callable[[WebSocket], Any]
    flaws: list[str] = field(default_factory=list)

    async def talk(self, connection: WebSocket) -> None:
        """Talk until the client goes away."""
        offered = connection.scope.get("subprotocols") or []
        protocol = next((name for name in offered if name in (TRANSPORT_WS, OLD_WS)), None)
        await connection.accept(subprotocol=protocol)
        talk = _Talk(connection, self.engine, self.context_of(connection), protocol or OLD_WS, self.flaws)
        try:
            await talk.listen()
        except WebSocketDisconnect:
            pass
        finally:
            await talk.end()


@dataclass
class _Talk:
    connection: WebSocket
    engine: Engine
    context: Any
    protocol: str
    flaws: list[str]
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def old(self) -> bool:
        return self.protocol == OLD_WS

    async def listen(self) -> None:
        greeted = False
        while True:
            try:
                told = json.loads(await self.connection.receive_text())
                kind, name = told["type"], str(told.get("id", ""))
            except (ValueError, KeyError, TypeError):
                return await self.connection.close(_INVALID)
            if kind == "connection_init":
                greeted = True
                await self.send({"type": "connection_ack"})
                if self.old:
                    await self.send({"type": "ka"})
            elif kind == "connection_terminate":
                return await self.connection.close()
            elif not greeted:
                return await self.connection.close(_UNAUTHORIZED)
            else:
                await self.hear(kind, name, told.get("payload") or {})

    async def hear(self, kind: str, name: str, payload: dict[str, Any]) -> None:
        if kind == ("start" if self.old else "subscribe"):
            operation = Operation(
                payload.get("query") or "", payload.get("variables") or {}, payload.get("operationName")
            )
            self.running[name] = asyncio.create_task(self.answer(name, operation))
        elif kind == ("stop" if self.old else "complete"):
            if task := self.running.pop(name, None):
                task.cancel()
        elif kind == "ping":
            await self.send({"type": "pong"})

    async def answer(self, name: str, operation: Operation) -> None:
        prepared = self.engine.prepare(operation)
        if isinstance(prepared, Answer):
            errors = prepared.body["errors"]
            return await self.send({"payload": errors, "id": name, "type": "error"})
        try:
            await self.tell(name, prepared)
        except Flaw as flaw:
            self.flaws.append(str(flaw))
            return await self.connection.close(_BROKEN, f"not simulated: {flaw}"[:120])
        self.running.pop(name, None)
        return await self.send({"id": name, "type": "complete"})

    async def tell(self, name: str, prepared: Prepared) -> None:
        kind = "data" if self.old else "next"
        if prepared.kind is OperationType.SUBSCRIPTION:
            async for answer in self.engine.events(prepared, self.context):
                await self.send({"payload": answer.body, "id": name, "type": kind})
        else:
            answer = await asyncio.to_thread(self.engine.execute, prepared, self.context)
            await self.send({"payload": answer.body, "id": name, "type": kind})

    async def send(self, message: dict[str, Any]) -> None:
        await self.connection.send_text(json.dumps(message, ensure_ascii=False))

    async def end(self) -> None:
        for task in self.running.values():
            task.cancel()
        await asyncio.gather(*self.running.values(), return_exceptions=True)
