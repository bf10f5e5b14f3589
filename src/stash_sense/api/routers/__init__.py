"""The routes, one module for each feature."""

from stash_sense.api.routers import capabilities, database, health, identify, metrics, models, queue, system, tickets

ROUTERS = (
    health.router,
    metrics.router,
    capabilities.router,
    models.router,
    system.router,
    database.router,
    identify.router,
    queue.router,
    tickets.router,
)
"""Every router, in the order of the documentation."""
