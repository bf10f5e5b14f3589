import pytest

from stash_sense.configuration.tiers import Tier, tier_of
from stash_sense.kernel.hardware import HardwareInfo, ProviderStatus

CPU = ProviderStatus("CPUExecutionProvider", works=True)
CUDA = ProviderStatus("CUDAExecutionProvider", works=True)
BROKEN = ProviderStatus("CUDAExecutionProvider", works=False, reason="no device")
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("providers", "memory", "tier"),
    [
        ((CPU,), None, Tier.CPU),
        ((BROKEN, CPU), 24_000 * MIB, Tier.CPU),
        ((CUDA, CPU), 4096 * MIB, Tier.GPU_HIGH),
        ((CUDA, CPU), 4095 * MIB, Tier.GPU_LOW),
        ((CUDA, CPU), None, Tier.GPU_LOW),
        ((), None, Tier.CPU),
    ],
)
def test_a_tier_is_what_really_runs(providers: tuple[ProviderStatus, ...], memory: int | None, tier: Tier) -> None:
    assert tier_of(HardwareInfo("cpu", 2, None, (), providers, memory)) is tier
