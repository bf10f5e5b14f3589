"""A GPU's memory, asked without its libraries: NVIDIA's own tool, or what Linux tells of AMD's."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_PATIENCE = 10.0
"""Seconds; the tool wakes the GPU first, which takes one to three."""
_QUERY = ("--query-gpu=memory.total", "--format=csv,noheader,nounits")


def gpu_memory_bytes(root: Path = Path("/"), tool: str = "nvidia-smi") -> int | None:
    """Return the memory of the GPU, of the smallest where there are more; None where nobody tells."""
    found = _nvidia(tool) or _amd(root)
    return min(found) if found else None


def _nvidia(tool: str) -> Sequence[int]:
    place = shutil.which(tool)
    if place is None:
        return ()
    try:
        told = subprocess.run(  # noqa: S603 - a fixed command
            [place, *_QUERY], capture_output=True, text=True, timeout=_PATIENCE, check=True, stdin=subprocess.DEVNULL
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ()
    # One line for each GPU, in MiB; "[N/A]" where it shares the machine's memory.
    return [int(line) * 1024 * 1024 for line in told.split() if re.fullmatch(r"[0-9]{1,9}", line)]


def _amd(root: Path) -> Sequence[int]:
    found = []
    for file in sorted(root.glob("sys/class/drm/card*/device/mem_info_vram_total")):
        try:
            text = file.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        if re.fullmatch(r"[0-9]{1,18}", text):
            found.append(int(text))
    return found
