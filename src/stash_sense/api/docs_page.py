"""The description of the routes as a page for people: plain HTML, which loads nothing from anywhere."""

from html import escape
from typing import Any

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d1d1f }
h2 { margin: 2.5rem 0 0.5rem; text-transform: capitalize }
section { border-top: 1px solid #ccc; padding: 0.75rem 0 }
h3 { margin: 0; font: 600 1rem ui-monospace, monospace }
table { border-collapse: collapse; font-size: 0.9rem } th, td { text-align: left; padding: 0.15rem 1rem 0.15rem 0 }
p { margin: 0.35rem 0; white-space: pre-line }
@media (prefers-color-scheme: dark) { body { background: #161617; color: #f5f5f7 } section { border-color: #444 } }
"""


def docs_page(document: dict[str, Any]) -> str:
    """Write the page of an OpenAPI document."""
    tags: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                tag = next(iter(operation.get("tags", [])), "other")
                tags.setdefault(tag, []).append(_operation(method, path, operation))
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    parts = "".join(f"<h2>{escape(tag)}</h2>{''.join(operations)}" for tag, operations in tags.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>"
        f"<p>For programs: /openapi.json</p>{parts}</main></body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(_parameter(one) for one in operation.get("parameters", []))
    table = f"<table>{rows}</table>" if rows else ""
    bodies = ", ".join(operation.get("requestBody", {}).get("content", {}))
    body = f"<p>Body: {escape(bodies)}</p>" if bodies else ""
    return (
        f"<section><h3>{escape(method.upper())} {escape(path)}</h3>"
        f"<p>{escape(operation.get('description', ''))}</p>{table}{body}</section>"
    )


def _parameter(one: dict[str, Any]) -> str:
    told = (one["in"], _type(one.get("schema", {})), one.get("description", ""))
    return f"<tr><th>{escape(one['name'])}</th>{''.join(f'<td>{escape(text)}</td>' for text in told)}</tr>"


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    return str(schema.get("type", schema.get("$ref", "").rpartition("/")[2]))
