"""What the tests of media on servers share: a server of a folder, and a sample of what is there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from tests.integration.releases.serving import QUICK
from tests.media_files import RATE, write_video

from stash_sense.adapters.http.ahead import ReadAhead
from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.remote_file import RemoteFiles
from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.adapters.video.remote import RemoteOpener
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan
from stash_sense.releases.patience import DownloadLimits

PLAN = SamplingPlan(20)


def files(
    limits: Limits | None = None, ahead: ReadAhead | None = None, patience: DownloadLimits = QUICK
) -> RemoteFiles:
    return RemoteFiles(HttpClient(proxies={}), limits or Limits(), patience, ahead)


def opener(limits: Limits | None = None, patience: DownloadLimits = QUICK) -> RemoteOpener:
    return RemoteOpener(files(limits, patience=patience), PyavOpener(limits or Limits()), limits or Limits())


def address(server: ReleaseServer, name: str, headers: Mapping[str, str] | None = None) -> Address:
    """The address of a file, which the user named."""
    return Address(f"{server.url}/{name}", headers or {}, server.url)


def frames_at(
    place: Address,
    limits: Limits | None = None,
    cancel: CancelToken | None = None,
    patience: DownloadLimits = QUICK,
) -> list[Frame]:
    """The frames of a video or of sprites, by time, or the one picture."""
    cancel = cancel or CancelToken()
    with opener(limits, patience).open(place, cancel) as media:
        if isinstance(media, Frame):
            return [media]
        return sorted(media.frames(PLAN, cancel), key=lambda frame: frame.t or 0.0)


def write_large(path: Path, megabytes: int) -> Path:
    """Write a video of noise, a keyframe every 25 frames, by repeating the packets of one second and two thirds."""
    noise = np.random.default_rng(0).integers(0, 255, (50, 192, 320, 3), dtype=np.uint8)
    segment = write_video(path.with_name(f"segment-{path.name}"), gop=25, options={"qp": "34"}, pictures=iter(noise))
    loops = -(-megabytes * 1_000_000 // segment.stat().st_size)
    with av.open(str(path), "w") as file, av.open(str(segment)) as source:
        into = file.add_stream_from_template(source.streams.video[0])
        packets: list[Any] = [packet for packet in source.demux() if packet.size]
        content = [(bytes(packet), packet.pts, packet.dts, packet.is_keyframe) for packet in packets]
        step = round(50 / RATE / packets[0].time_base)
        for loop in range(loops):
            for data, shown, decoded, is_keyframe in content:
                packet = av.Packet(data)
                packet.pts, packet.dts, packet.is_keyframe = shown + loop * step, decoded + loop * step, is_keyframe
                packet.time_base, packet.stream = packets[0].time_base, into
                file.mux(packet)
    segment.unlink()
    return path
