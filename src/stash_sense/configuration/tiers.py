"""What a machine is good for: one of three tiers, by which defaults may differ."""

from enum import StrEnum

from stash_sense.kernel.hardware import HardwareInfo

HIGH_FROM = 4096 * 1024 * 1024
"""Bytes of a GPU's memory from which it is a high one."""


class Tier(StrEnum):
    """How much a machine can do."""

    GPU_HIGH = "gpu-high"
    GPU_LOW = "gpu-low"
    CPU = "cpu"


def tier_of(hardware: HardwareInfo) -> Tier:
    """Tell the tier from what really runs: a GPU counts when a model ran on it and answered rightly.

    A GPU whose memory is not known is a low one.
    """
    if not hardware.has_gpu:
        return Tier.CPU
    return Tier.GPU_HIGH if (hardware.gpu_memory_bytes or 0) >= HIGH_FROM else Tier.GPU_LOW
