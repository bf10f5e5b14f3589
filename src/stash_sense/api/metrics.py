"""What Prometheus is told of the service, in a registry of its own."""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from stash_sense import __version__
from stash_sense.bootstrap import Services
from stash_sense.errors import StashSenseError

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)


class Metrics:
    """Counts what happens, and tells it together with what is so at the moment.

    Args:
        services: whose resources and database are told.
    """

    def __init__(self, services: Services) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "stash_sense_requests_total", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._durations = Histogram(
            "stash_sense_request_seconds",
            "Until the answer ended.",
            ("route",),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.identified = Counter(
            "stash_sense_identified_total", "Pictures looked at.", ("outcome",), registry=self.registry
        )
        self.waiting = Gauge(
            "stash_sense_identify_waiting", "Pictures that wait to be looked at.", registry=self.registry
        )
        self.registry.register(_State(services))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note an answer; status 0 where the client left before it."""
        known = method if method in _METHODS else "OTHER"
        self._requests.labels(known, route, str(status)).inc()
        self._durations.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus's own form; looks at the disk."""
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})


class _State(Collector):
    """What is so at the moment of asking."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        program = GaugeMetricFamily("stash_sense_info", "The program.", labels=["version"])
        program.add_metric([__version__], 1.0)
        yield program
        loaded = GaugeMetricFamily("stash_sense_resource_loaded", "1 while it is in memory.", labels=["resource"])
        held = GaugeMetricFamily("stash_sense_resource_bytes", "Memory that it takes.", labels=["resource"])
        for status in self._services.resources.status():
            loaded.add_metric([status.name], float(status.loaded_for is not None))
            held.add_metric([status.name], float(status.bytes or 0))
        yield loaded
        yield held
        yield self._database()
        yield self._jobs()

    def _database(self) -> GaugeMetricFamily:
        told = GaugeMetricFamily(
            "stash_sense_database_faces", "Faces of the performers database in use.", labels=["version", "pack"]
        )
        try:
            current = self._services.performers.current()
        except StashSenseError:
            return told  # /health/ready says why it cannot be read
        if current is not None:
            told.add_metric([current.version, current.manifest.pack], float(current.manifest.face_count))
        return told

    def _jobs(self) -> GaugeMetricFamily:
        told = GaugeMetricFamily("stash_sense_jobs", "Jobs of the queue and its history.", labels=["status"])
        try:
            counts = self._services.queue.status().by_status
        except StashSenseError:
            return told
        for status, count in counts.items():
            told.add_metric([str(status)], float(count))
        return told
