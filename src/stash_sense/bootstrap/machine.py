"""The ground floor: the machine, and the libraries that work on it."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING

from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.once import once

if TYPE_CHECKING:
    from stash_sense.adapters.onnx.runtime import OnnxRuntime
    from stash_sense.adapters.video.remote import RemoteOpener
    from stash_sense.kernel.hardware import HardwareInfo
    from stash_sense.media.address import Address
    from stash_sense.media.frame import Frame
    from stash_sense.media.ports import FrameSource, PictureReader, RemoteMedia, VideoOpener
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

    @once
    def remote(self) -> RemoteMedia:
        """What opens pictures and videos on servers."""
        return LazyRemote(self.limits)


class LazyRemote:
    """A `RemoteMedia` whose libraries are imported when it is first asked for something: that takes 0.25 s."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def open(self, address: Address, cancel: CancelToken) -> AbstractContextManager[Frame | FrameSource]:
        """Open a picture, a video or sprites; see `RemoteMedia`."""
        return self.opener.open(address, cancel)

    def sprites(
        self, address: Address, duration: float | None, cancel: CancelToken, sheet: Address | None = None
    ) -> FrameSource:
        """Fetch the sprites of a video; see `RemoteMedia`."""
        return self.opener.sprites(address, duration, cancel, sheet)

    @cached_property
    def opener(self) -> RemoteOpener:
        """What it opens them with."""
        from stash_sense.adapters.http.client import HttpClient
        from stash_sense.adapters.http.remote_file import RemoteFiles
        from stash_sense.adapters.video.pyav import PyavOpener
        from stash_sense.adapters.video.remote import RemoteOpener

        return RemoteOpener(RemoteFiles(HttpClient(), self._limits), PyavOpener(self._limits), self._limits)
