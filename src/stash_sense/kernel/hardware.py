"""What the machine offers to compute with, as values."""

from dataclasses import dataclass

CPU_PROVIDER = "CPUExecutionProvider"
"""What onnxruntime calls computing on the processor."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """One execution provider of onnxruntime, and whether a model really ran on it.

    Attributes:
        name: as onnxruntime calls it.
        works: true only when a tiny model ran on it and answered rightly.
        reason: why it does not work; empty when it does.
    """

    name: str
    works: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HardwareInfo:
    """What this process may use of the machine.

    Attributes:
        cpu_model: the processor's name, or its architecture where the system does not tell the name.
        cpus: processors this process may use: affinity and the container's quota, rounded up; at least 1.
        memory_bytes: memory this process may use, the container's limit included; None where unknown.
        cpu_features: instruction sets that the models run faster with, as the system spells them.
        providers: what onnxruntime was built with for this machine.
        gpu_memory_bytes: memory of the GPU, of the smallest where there are more; None where none works, or the
            system does not tell.
    """

    cpu_model: str
    cpus: int
    memory_bytes: int | None
    cpu_features: tuple[str, ...]
    providers: tuple[ProviderStatus, ...]
    gpu_memory_bytes: int | None = None

    @property
    def has_gpu(self) -> bool:
        """Whether models run on a GPU here."""
        return any(provider.works and provider.name != CPU_PROVIDER for provider in self.providers)
