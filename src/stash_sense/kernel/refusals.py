"""Why a document does not fit its model: pydantic's errors -> plain words, which complete "name: …"."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

Fault = Mapping[str, Any]
"""One of `ValidationError.errors()`; its context is needed, too."""

_NUMBER, _WHOLE = "it must be a number", "it must be a whole number"
_TEXT, _TRUTH = "it must be text", "it must be true or false"
_LIST, _OBJECT = "it must be a list", "it must be an object"
_PLAIN: Mapping[str, str] = {
    "missing": "it is needed",
    "json_invalid": "it is no JSON",
    "string_type": _TEXT,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "list_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}
_WITH_CONTEXT: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "enum": lambda context: f"it must be {_words(context)}",
    "literal_error": lambda context: f"it must be {_words(context)}",
    "greater_than": lambda context: f"it must be more than {context['gt']}",
    "greater_than_equal": lambda context: f"it must be {context['ge']} or more",
    "less_than": lambda context: f"it must be less than {context['lt']}",
    "less_than_equal": lambda context: f"it must be {context['le']} or less",
    "string_too_short": lambda context: f"it must have {_at_least(context)}",
    "string_too_long": lambda context: f"it may have {context['max_length']:,} characters at most",
    "too_short": lambda context: f"it must have {context['min_length']:,} entries or more",
    "too_long": lambda context: f"it may have {context['max_length']:,} entries at most",
    "value_error": lambda context: str(context["error"]),
}


def refusal(fault: Fault, known: Collection[str] | None = None) -> str:
    """Say in words why a value is refused; never the value, which may be a secret.

    Args:
        fault: one error of pydantic.
        known: the fields that there are, for one that is not; None where they need not be told.
    """
    kind = str(fault["type"])
    if kind == "extra_forbidden":
        if known is None:
            return "there is no such field"
        return f"there is no such field; there {'are: ' + ', '.join(known) if known else 'is none at all'}"
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _WITH_CONTEXT and (context := fault.get("ctx")):
        return _WITH_CONTEXT[kind](context)
    told = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "it must be")
    return told[:1].lower() + told[1:]


def _words(context: Mapping[str, Any]) -> str:
    return str(context["expected"]).replace("'", "")


def _at_least(context: Mapping[str, Any]) -> str:
    least = context["min_length"]
    return "a character or more" if least == 1 else f"{least:,} characters or more"
