"""From /proc and /sys/fs/cgroup to what this process may use of the machine."""

import math
import os
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from stash_sense.kernel.hardware import HardwareInfo, ProviderStatus

_FEATURES = (
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512bw",
    "avx512_bf16",
    "avx512_vnni",
    "avx_vnni",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
)
"""Flags of /proc/cpuinfo for which onnxruntime has kernels of their own (x86 first, then ARM), slowest first."""


def read_hardware(providers: Sequence[ProviderStatus] = (), root: Path = Path("/")) -> HardwareInfo:
    """Read what this process may use; what the system does not tell is left out, nothing is raised.

    Args:
        providers: what onnxruntime was found to run on.
        root: the folder that holds `proc` and `sys`.
    """
    cpuinfo = _text(root / "proc/cpuinfo")
    groups = list(_control_groups(root))
    return HardwareInfo(
        cpu_model=_cpu_model(cpuinfo),
        cpus=_cpus(root, groups),
        memory_bytes=_memory_bytes(root, groups),
        cpu_features=_cpu_features(cpuinfo),
        providers=tuple(providers),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _field(text: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:[ \t]*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _cpu_model(cpuinfo: str) -> str:
    # "Model" is what the kernel of a Raspberry Pi writes in place of "model name".
    named = _field(cpuinfo, "model name") or _field(cpuinfo, "Model")
    return named or platform.processor() or platform.machine() or "unknown"


def _cpu_features(cpuinfo: str) -> tuple[str, ...]:
    seen = set((_field(cpuinfo, "flags") or _field(cpuinfo, "Features")).split())
    return tuple(feature for feature in _FEATURES if feature in seen)


def _control_groups(root: Path) -> Iterator[Path]:
    """Yield the folders with the limits of this process: its control groups and all that they lie in, v1 and v2."""
    mounts = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        # Version 2 has no controller's name here; beside version 1 it is mounted as "unified".
        for mount in {controllers, *controllers.split(",")} if controllers else ("", "unified"):
            # A container sees its own group as the mount itself, although the name is that of the host's tree.
            parts = [part for part in name.split("/") if part not in ("", ".", "..")]
            for depth in range(len(parts), -1, -1):
                yield mounts.joinpath(mount, *parts[:depth])


def _least(groups: Sequence[Path], read: Callable[[Path], float | None]) -> float:
    return min((limit for group in groups if (limit := read(group)) is not None), default=math.inf)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*\d+\s*", text) else None


def _cpu_quota(group: Path) -> float | None:
    quota, _, period = _text(group / "cpu.max").strip().partition(" ")
    if not quota:
        quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    # "max" in version 2 and -1 in version 1 mean that there is no limit.
    numbers = _number(quota), _number(period)
    return numbers[0] / numbers[1] if numbers[0] and numbers[1] else None


def _memory_limit(group: Path) -> int | None:
    return _number(_text(group / "memory.max") or _text(group / "memory.limit_in_bytes"))


def _cpus(root: Path, groups: Sequence[Path]) -> int:
    allowed = 0
    for part in _field(_text(root / "proc/self/status"), "Cpus_allowed_list").split(","):
        if bounds := re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part):
            allowed += int(bounds[2] or bounds[1]) - int(bounds[1]) + 1
    return int(max(1, min(allowed or os.cpu_count() or 1, math.ceil(min(_least(groups, _cpu_quota), 1e6)))))


def _memory_bytes(root: Path, groups: Sequence[Path]) -> int | None:
    total = _field(_text(root / "proc/meminfo"), "MemTotal").removesuffix("kB")
    installed = (_number(total) or 0) * 1024 or _installed_memory()
    # Without a limit version 1 says 2 to the 63: the machine's memory is the limit then.
    least = min(_least(groups, _memory_limit), installed or math.inf)
    return None if math.isinf(least) else int(least)


def _installed_memory() -> int | None:
    """Ask the system itself where there is no /proc; Windows has no answer either."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
