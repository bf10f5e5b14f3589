"""The description of the routes: made from them, completed with what the door asks for, kept in the documentation.

`python -m stash_sense.api.openapi > docs/reference/openapi.json` renews the one that is kept there.
"""

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from stash_sense.api.security import OPEN_PATHS

_SCHEME = "token"


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application; made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            license_info=app.license_info,
            routes=app.routes,
        )
        scheme = {"type": "http", "scheme": "bearer", "description": "What `stash-sense token` prints."}
        document.setdefault("components", {})["securitySchemes"] = {_SCHEME: scheme}
        document["security"] = [{_SCHEME: []}]
        for path in OPEN_PATHS:
            for operation in document["paths"].get(path, {}).values():
                operation["security"] = []
        app.openapi_schema = document
    return app.openapi_schema


def as_text(document: dict[str, Any]) -> str:
    """Return a description as it is kept: readable, and the same for the same routes."""
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Print the description."""
    from stash_sense.api.app import create_app
    from stash_sense.bootstrap import build
    from stash_sense.settings import Settings

    # Nothing is looked at there: to describe the routes no service is needed.
    nowhere = Path("/nonexistent")
    app = create_app(build(Settings(data_dir=nowhere, models_dir=nowhere, allowed_hosts="")))
    sys.stdout.write(as_text(describe(app)))


if __name__ == "__main__":
    main()
