"""In which form an embedder runs: the float model, or its 8-bit form where this machine is faster with it.

Vectors must be comparable between machines, so the 8-bit form is taken only when it answers the self-test's pictures
as the float model does, which the card knows: that costs 20 ms whenever a pack is opened.
"""

from collections.abc import Collection, Mapping

import numpy as np

from stash_sense.errors import ModelRejected, PackSelfTestFailed, SettingInvalid
from stash_sense.models.card import EmbedderCard, KnownAnswer
from stash_sense.models.ports import ModelRuntime
from stash_sense.models.selftest import embedder_answer
from stash_sense.recognition.ports import Embedder

FAST_INSTRUCTIONS = ("amx_int8", "avx512_vnni", "avx_vnni", "asimddp")
"""Flags of processors that add products of 8-bit numbers into 32 bits in one instruction, fastest first. Without it
onnxruntime gains little, and on x86 its sums of 16 bits overflow: other vectors. Measured on one
processor, which has the first three; not on ARM."""
_CPU = "CPUExecutionProvider"
"""Not on a GPU, where floats are as fast and rounding to 8 bits is work of its own."""
SAME_VECTOR = 0.999
"""Least cosine between both forms' vectors of each self-test picture. Measured: .9997 of the pictures; of 1,176 faces
.9997 in the mean, .998 at worst, while faces of one person are told from those of two at .95."""


def fast_instruction(cpu_features: Collection[str], runtime: ModelRuntime) -> str:
    """Return the instruction set that 8-bit forms are fast with here; empty where there is none or a GPU computes."""
    found = next((flag for flag in FAST_INSTRUCTIONS if flag in cpu_features), "")
    if not found:
        return ""
    try:
        return found if runtime.provider() == _CPU else ""
    except SettingInvalid:  # a GPU is asked for that does not work; what opens models will say so
        return ""


def quantised_embedder(
    pack: str, card: EmbedderCard, model: bytes, runtime: ModelRuntime, known: Mapping[str, KnownAnswer]
) -> Embedder | None:
    """Open the 8-bit form of an embedder; None where it cannot be run or answers other vectors than the float model.

    Args:
        pack: the pack it belongs to.
        card: of the embedder.
        model: the 8-bit form.
        runtime: opens it.
        known: the float model's answers, as the pack's card has them.
    """
    answer = known.get(card.id)
    if answer is None:
        return None
    try:
        embedder = runtime.embedder(card.model_copy(update={"file": card.quantised}), model)
        found = embedder_answer(pack, embedder)
    except (ModelRejected, PackSelfTestFailed):
        return None
    if found.pattern_sha256 != answer.pattern_sha256 or len(found.first) != len(answer.first):
        return None
    wanted, given = (np.reshape(values, (-1, card.dim)) for values in (answer.first, found.first))
    # Both are of unit length but for the rounding in the card.
    return embedder if bool(((wanted * given).sum(axis=1) >= SAME_VECTOR).all()) else None
