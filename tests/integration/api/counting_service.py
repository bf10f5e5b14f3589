"""A service as `stash-sense serve` runs it, whose only jobs count; started and asked to stop by tests.

    python counting_service.py FOLDER

A job counts batches into FOLDER/counted, one line with its number, its batch and its process each, until there is
FOLDER/enough. While there is FOLDER/stubborn it comes to no checkpoint, and while there is FOLDER/held it keeps even
the interpreter from ending.
"""

import os
import sys
import threading
import time
from pathlib import Path

from tests.queue_files import kind
from tests.running_service import settings_in

from stash_sense.api.server import serve
from stash_sense.bootstrap import Services, build
from stash_sense.jobs.catalogue import NoPayload
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot


def counting(folder: Path) -> Services:
    """Return services whose jobs count."""

    def wait_while(name: str) -> None:
        while (folder / name).exists():
            time.sleep(0.01)

    def count(context: JobContext[NoPayload]) -> dict[str, int]:
        batch = context.cursor or 0
        while not (folder / "enough").exists():
            with (folder / "counted").open("a") as counted:
                counted.write(f"{context.job_id} {batch} {os.getpid()}\n")
            if (folder / "held").exists():
                threading.Thread(target=wait_while, args=("held",), daemon=False).start()
            wait_while("stubborn")
            batch += 1
            context.checkpoint(batch, phase="counting", done=batch)
            time.sleep(0.01)
        return {"batches": batch}

    services = build(settings_in(folder))
    services.operations.catalogue.register(kind(count, "count", Slot.GPU))
    return services


def count_in(folder: Path) -> None:
    services = counting(folder)
    serve(services, "127.0.0.1", 0, lambda *_: None)
    services.close()


if __name__ == "__main__":
    count_in(Path(sys.argv[1]))
