"""What Stash's plugin hooks tell: that something was changed."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from stash_sense.api.state import ServicesHere
from stash_sense.connection.hooks import Heard

router = APIRouter(prefix="/hooks", tags=["stash"])

_MOST = 2**63 - 1
_TYPE = r"^[A-Za-z]{1,40}\.[A-Za-z]{1,40}\.Post$"


class HookContext(BaseModel):
    """What a hook is about.

    Attributes:
        id: of what was changed.
        type: such as "Scene.Update.Post".
        input: what Stash was asked to do; null after a scan.
    """

    id: Annotated[int, Field(ge=0, le=_MOST)] = 0
    type: Annotated[str, Field(max_length=100, pattern=_TYPE)]
    input: Any = None


class HookArguments(BaseModel):
    """`args` of what Stash gives to a plugin."""

    hookContext: HookContext  # noqa: N815  what Stash calls it


class HookCall(BaseModel):
    """What Stash gives to a plugin for a hook: all of it, or only its `args`; what else is in it is not read."""

    args: HookArguments | None = None
    hookContext: HookContext | None = None  # noqa: N815  what Stash calls it

    @property
    def context(self) -> HookContext | None:
        """What the hook is about."""
        return self.hookContext if self.args is None else self.args.hookContext

    @model_validator(mode="after")
    def _has_context(self) -> "HookCall":
        if self.context is None:
            raise ValueError("there is no hookContext in it, nor in its args")
        return self


class HookAnswer(BaseModel):
    """What was made of it: marked as changed, own (we changed it ourselves), or passed_over."""

    heard: Heard


@router.post("/stash", status_code=202)
def stash_hook(services: ServicesHere, call: HookCall) -> HookAnswer:
    """Take note that something was changed in Stash; answered at once, looked at later."""
    context = call.context
    if context is None:
        return HookAnswer(heard=Heard.PASSED_OVER)
    given = context.input if isinstance(context.input, dict) else {}
    return HookAnswer(heard=services.stash_hooks.hear(context.type, str(context.id or ""), given))
