"""The service's log: one JSON object a line on stderr, or lines for people on a terminal; no secret ever in it.

Lines are written on a thread of their own: a reader that is slow to take them holds up no request.
"""

import logging
import logging.handlers
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor

from stash_sense.api.request_id import current_request_id

_HIDDEN = "[hidden]"
_SECRET_KEY = re.compile(
    r"token|password|passwd|secret|authorization|api_?key|ticket|signature|cookie", re.IGNORECASE
)
_USERINFO = re.compile(r"(?<=://)[^/\s@]*@")
_BEARER = re.compile(r"(?i)\b(bearer|basic) +\S+")
_IN_QUERY = re.compile(r"(?i)\b((?:access_|api_?)?(?:token|key)|password|ticket|signature|secret)=[^&\s\"']+")
_QUIET = ("uvicorn", "alembic", "asyncio", "websockets", "python_multipart", "multipart", "httpx2", "httpcore2")
"""Libraries that are heard from warnings on: what they tell of each request stands in our own line about it."""
_DEPTH = 4
_JOB_THREAD = re.compile(r"job-(\d+)-.*")
"""The name of the thread that a job has for itself; see `jobs.run`."""


class Scrubber:
    """Takes secrets out of what is logged.

    Args:
        known: the secrets of this process, as they are now.
    """

    def __init__(self, known: Callable[[], Iterable[str]] = tuple) -> None:
        self._known = known

    def __call__(self, _: object, __: str, event: EventDict) -> EventDict:
        """Work as a processor of structlog."""
        return {key: _HIDDEN if _SECRET_KEY.search(key) else self.clean(value) for key, value in event.items()}

    def clean(self, value: Any, depth: int = _DEPTH) -> Any:
        """Return a value with every secret in it hidden."""
        if isinstance(value, str):
            return self._clean_text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict) and depth:
            return {
                str(key): _HIDDEN if _SECRET_KEY.search(str(key)) else self.clean(inner, depth - 1)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple) and depth:
            return [self.clean(inner, depth - 1) for inner in value]
        return self._clean_text(str(value))

    def _clean_text(self, text: str) -> str:
        for secret in self._known():
            text = text.replace(secret, _HIDDEN)
        text = _BEARER.sub(rf"\1 {_HIDDEN}", text)
        text = _IN_QUERY.sub(rf"\1={_HIDDEN}", text)
        return _USERINFO.sub(f"{_HIDDEN}@", text)


class Log:
    """A log that is written on a thread of its own.

    Args:
        listener: what writes it.
    """

    def __init__(self, listener: logging.handlers.QueueListener) -> None:
        self._listener = listener
        self._alone = threading.Lock()
        self._is_finished = False

    def finish(self) -> None:
        """Return when all that was logged before is written; nothing is written after that."""
        with self._alone:
            if not self._is_finished:
                self._is_finished = True
                self._listener.stop()


@contextmanager
def logging_to(stream: TextIO, scrubber: Scrubber, level: int = logging.INFO) -> Iterator[Log]:
    """Log to a stream until the block ends; everything that was logged is then written."""
    lines: queue.SimpleQueue[Any] = queue.SimpleQueue()
    handler = _Formatted(lines)
    handler.setFormatter(_formatter(stream.isatty(), scrubber))
    writer = logging.StreamHandler(stream)
    listener = logging.handlers.QueueListener(lines, writer)
    root = logging.getLogger()
    before, level_before = list(root.handlers), root.level
    quiet = {name: logging.getLogger(name).level for name in _QUIET}
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    root.handlers[:] = [handler]
    root.setLevel(level)
    listener.start()
    log = Log(listener)
    try:
        yield log
    finally:
        log.finish()
        root.handlers[:] = before
        root.setLevel(level_before)
        for name, was in quiet.items():
            logging.getLogger(name).setLevel(was)


class _Formatted(logging.handlers.QueueHandler):
    """Puts finished lines into the queue: what belongs to a request is known on its own thread only."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        line = logging.LogRecord(record.name, record.levelno, "", 0, "%s", (self.format(record),), None)
        line.created = record.created
        return line


def _formatter(terminal: bool, scrubber: Scrubber) -> logging.Formatter:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_request_id,
        _with_job_id,
    ]
    last: list[Processor]
    if terminal:
        last = [structlog.processors.format_exc_info, scrubber, _printable, structlog.dev.ConsoleRenderer()]
    else:
        last = [structlog.processors.format_exc_info, scrubber, structlog.processors.JSONRenderer(default=str)]
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last], foreign_pre_chain=shared
    )


def _with_request_id(_: object, __: str, event: EventDict) -> EventDict:
    request_id = current_request_id()
    if request_id and "request_id" not in event:
        event["request_id"] = request_id
    return event


def _with_job_id(_: object, __: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    if isinstance(record, logging.LogRecord) and (job := _JOB_THREAD.fullmatch(record.threadName or "")):
        event.setdefault("job_id", int(job[1]))
    return event


def _printable(_: object, __: str, event: EventDict) -> EventDict:
    """Keep what others wrote from steering the terminal."""
    return {key: _without_control(value) if isinstance(value, str) else value for key, value in event.items()}


def _without_control(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)


def on_stderr(scrubber: Scrubber) -> AbstractContextManager[Log]:
    """Log to stderr until the block ends."""
    return logging_to(sys.stderr, scrubber)
