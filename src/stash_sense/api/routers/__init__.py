"""The routes, one module for each feature."""

from stash_sense.api.routers import (
    capabilities,
    crops,
    database,
    events,
    health,
    hooks,
    identify,
    journal,
    metrics,
    models,
    performers,
    queue,
    recommendations,
    report,
    settings,
    stash,
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
    stash.router,
    hooks.router,
    database.router,
    identify.router,
    crops.router,
    recommendations.router,
    report.router,
    journal.router,
    performers.router,
    queue.router,
    events.router,
    tickets.router,
)
"""Every router, in the order of the documentation."""
