"""Tier one: one keyframe near each target, decoded alone: 18 to 67 times cheaper than a process per exact frame.

Skipping with NONKEY instead would read two or three further groups of pictures to fill the decoder's reorder delay.
"""

import threading
from collections.abc import Iterable, Iterator

from av.video.frame import VideoFrame

from stash_sense.adapters.video.reader import Check, Reader, time_of

_REORDERING = 0.25
"""Seconds by which a keyframe may be shown later than its entry in an index of decoding times: some 6 frames."""


class Claims:
    """The keyframes that somebody has taken to decode, shared by the threads that read one video."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[int | None] = set()

    def take(self, time: int | None) -> bool:
        """Claim a keyframe by its time; False if it was taken before."""
        with self._lock:
            if time in self._taken:
                return False
            self._taken.add(time)
            return True


def keyframes(
    reader: Reader, targets: Iterable[int], claims: Claims, check: Check
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield the keyframes near the targets with their times, none that was claimed.

    Args:
        reader: an open video.
        targets: ticks, ascending.
        claims: shared with the other readers of the same video.
        check: called between packets.
    """
    reader.decode_only("DEFAULT")
    for target in targets:
        check()
        reader.seek(target)  # first, since only a seek makes Matroska read its index
        nearer = _nearer(reader, target)
        if nearer is not None:
            reader.seek(nearer)
        packet = next((packet for packet in reader.packets(check) if packet.is_keyframe), None)
        if packet is None:
            return  # none from here to the end, so none for the later targets
        time = time_of(packet)
        if not claims.take(time):
            continue
        for frame in (reader.decode(packet) + reader.drain())[:1]:
            shown = time_of(frame)
            shown = time if shown is None else shown
            if shown is not None:
                yield shown, frame


def _nearer(reader: Reader, target: int) -> int | None:
    """Where to seek for the keyframe after the target, if the container has an index that says that it is nearer."""
    index = reader.stream.index_entries
    before, after = (index.search_timestamp(target, backward=backward) for backward in (True, False))
    if before < 0 or after < 0:
        return None
    early, late = index[before].timestamp, index[after].timestamp
    if late - target >= target - early:
        return None
    return int(late + min(_REORDERING / reader.time_base, (late - early) / 2))
