"""The routes, one module for each feature."""

from stash_sense.api.routers import (
    capabilities,
    database,
    events,
    health,
    identify,
    metrics,
    models,
    queue,
    settings,
    system,
    tickets,
)

ROUTERS = (
    health.router,
    metrics.router,
    capabilities.router,
    models.router,
    system.router,
    settings.router,
    database.router,
    identify.router,
    queue.router,
    events.router,
    tickets.router,
)
"""Every router, in the order of the documentation."""
