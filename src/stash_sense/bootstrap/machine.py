"""The ground floor: the machine, and the libraries that work on it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.once import once

if TYPE_CHECKING:
    from stash_sense.adapters.onnx.runtime import OnnxRuntime
    from stash_sense.kernel.hardware import HardwareInfo
    from stash_sense.media.ports import PictureReader, VideoOpener
    from stash_sense.performers.search.index import Int8Kernel
    from stash_sense.releases.keys import Ed25519
    from stash_sense.releases.ports import HttpTransport
    from stash_sense.settings import Settings

_MOST_THREADS = 4
"""Threads taken without being asked: the models gain little from more, and the machine has other things to do."""


@dataclass(frozen=True)
class Machine:
    """What this machine has and can do."""

    settings: Settings
    cancel: CancelToken
    limits: Limits
    _making: dict[str, RLock] = field(default_factory=dict)

    @once
    def threads(self) -> int:
        """How many threads the models compute with."""
        return self.settings.threads or min(self.machine.cpus, _MOST_THREADS)

    @once
    def machine(self) -> HardwareInfo:
        """What this machine has; what its models really run on is not found out."""
        from stash_sense.adapters.hardware.machine import read_hardware

        return read_hardware()

    @once
    def runtime(self) -> OnnxRuntime:
        """What runs models."""
        from stash_sense.adapters.onnx.runtime import OnnxRuntime

        return OnnxRuntime(self.threads, self.settings.device)

    @once
    def hardware(self) -> HardwareInfo:
        """What this machine has, and on what its models really run."""
        from stash_sense.adapters.hardware.gpu import gpu_memory_bytes
        from stash_sense.adapters.hardware.machine import read_hardware

        found = read_hardware(self.runtime.providers())
        return dataclasses.replace(found, gpu_memory_bytes=gpu_memory_bytes() if found.has_gpu else None)

    @once
    def kernel(self) -> Int8Kernel:
        """What multiplies bytes in searches."""
        from stash_sense.adapters.onnx.int8_kernel import int8_kernel

        return int8_kernel(self.threads)

    @once
    def http(self) -> HttpTransport:
        """What asks servers."""
        from stash_sense.adapters.http.client import HttpClient

        return HttpClient()

    @once
    def ed25519(self) -> Ed25519:
        """What signs and checks signatures."""
        from stash_sense.adapters.signing.pynacl import PyNaClEd25519

        return PyNaClEd25519()

    @once
    def videos(self) -> VideoOpener:
        """What opens videos."""
        from stash_sense.adapters.video.pyav import PyavOpener

        return PyavOpener(self.limits)

    @once
    def pictures(self) -> PictureReader:
        """What reads pictures."""
        from stash_sense.adapters.images.pillow import PillowReader

        return PillowReader(self.limits)
