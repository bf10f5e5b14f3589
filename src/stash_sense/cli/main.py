"""The `stash-sense` command: runs one command, turns our errors into one clear line and an exit code.

Ends with 0; 1 when something could not be done; 2 for a command line that cannot be read; 130 for ctrl-C.
"""

import contextlib
import itertools
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from stash_sense.errors import Cancelled, FileUnusable, StashSenseError
from stash_sense.files import storage_error
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.collector import paused_collector

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130


def main() -> None:
    """Run the command line."""
    cancel = CancelToken()

    def stop(signal_number: int, _frame: FrameType | None) -> None:
        # The first signal asks the work to stop at the next edge; a second one ends the program as usual.
        cancel.cancel()
        signal.signal(signal_number, signal.default_int_handler)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    _take_any_letter()
    sys.exit(_run(cancel))


def _run(cancel: CancelToken) -> int:
    # Imported here, with the signals in hand: loading the libraries takes a second, in which ctrl-C comes, too.
    with paused_collector():
        from stash_sense.cli.app import app
        from stash_sense.cli.program import as_typed
        from stash_sense.reports.wording import visible

    def say(error: StashSenseError, *, in_document: bool = True) -> None:
        from stash_sense.cli.failures import failure_document, notes_of  # only where something fails

        for note in notes_of(error):
            print(f"warning: {visible(note)}", file=sys.stderr)  # noqa: T201
        print(f"stash-sense: {as_typed(visible(str(error)))}", file=sys.stderr)  # noqa: T201
        document = failure_document(error) if in_document and _wants_document() else None
        if document is not None:
            with contextlib.suppress(OSError):
                print(document, flush=True)  # noqa: T201

    try:
        cancel.raise_if_cancelled()
        app(obj=cancel)
    except Cancelled as error:
        say(error)
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except StashSenseError as error:
        say(error)
        return EXIT_FAILED
    except OSError as error:
        if error.filename is not None:
            reason = error.strerror or type(error).__name__
            say(FileUnusable(path=os.fsdecode(error.filename), reason=reason))
            return EXIT_FAILED
        # A write to stdout: its reader has left, or the disk it goes to is full.
        _discard_output()
        if not isinstance(error, BrokenPipeError):
            say(storage_error(Path("the output"), error), in_document=False)
        return EXIT_FAILED
    return 0


def _wants_document() -> bool:
    """Whether the command was asked for a document, whatever else is wrong with what was typed."""
    options = itertools.takewhile(lambda word: word != "--", sys.argv[1:])
    return "--json" in options


def _take_any_letter() -> None:
    """Write letters that the terminal's encoding lacks as escapes instead of failing over them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Send the rest of stdout nowhere: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
