"""Products of bytes by onnxruntime: the port `performers.index.Int8Kernel`."""

from functools import cache
from typing import Any

import numpy as np
import onnxruntime as ort

from stash_sense.adapters.onnx.image_model import CPU, NATIVE_ERRORS, session_options
from stash_sense.performers.search.index import MOST, Bytes, Int8Kernel, Scores, WholeProbes
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel

_COLUMNS, _VALUES = 16, 1024
"""What onnxruntime works on at once: it fills up to 16 columns of probes with zeros, and goes through longer rows
more than once. Up to there rows side by side cost nothing: one probe with rows of 320 takes 18 % less by three.
"""


class OnnxInt8Kernel:
    """`Int8Kernel` by MatMulInteger on the CPU.

    The rows are the first factor, as they lie in the file: onnxruntime reads them where they are mapped and arranges
    only the probes for its kernels.

    Args:
        threads: to compute with.
    """

    def __init__(self, threads: int) -> None:
        options = session_options(threads)
        self._session: Any = ort.InferenceSession(_product_model(), options, [CPU[0]], enable_fallback=0)

    def scores(self, rows: Bytes, probes: WholeProbes) -> Scores:
        """Return the products (m, n) int32 of rows (m, dim) uint8 with probes (n, dim) int8."""
        count, dim = rows.shape
        beside = min(_VALUES // dim, _COLUMNS // max(1, len(probes)), count)
        if beside < 2:
            return self._product(rows, probes)
        # Each of the rows that lie side by side meets the probes in columns of its own, and zeros in the others.
        apart = np.kron(np.eye(beside, dtype=np.int8), probes)
        even = count // beside * beside
        scores = self._product(rows[:even].reshape(-1, beside * dim), apart).reshape(even, len(probes))
        return scores if even == count else np.concatenate([scores, self._product(rows[even:], probes)])

    def _product(self, rows: Bytes, probes: WholeProbes) -> Scores:
        columns = np.ascontiguousarray(probes.T)
        scores: Scores = self._session.run(None, {"rows": rows, "probes": columns})[0]
        return scores


def int8_kernel(threads: int) -> Int8Kernel:
    """Open the fastest kernel that computes right here: that of onnxruntime, else that of numpy."""
    try:
        kernel = OnnxInt8Kernel(threads)
        return kernel if computes_right(kernel) else NumpyInt8Kernel()
    except NATIVE_ERRORS:
        return NumpyInt8Kernel()


def computes_right(kernel: Int8Kernel) -> bool:
    """Try a kernel with the largest sums of either sign, alone and between others, for one probe and for many."""
    random = np.random.default_rng(0)
    for dim, count in ((67, 1), (512, 64)):
        rows = random.integers(0, 256, (70, dim), dtype=np.uint8)
        probes = random.integers(-MOST, MOST + 1, (count, dim), dtype=np.int8)
        rows[::3], probes[::2] = 255, MOST
        probes[1::4] = -MOST
        if not np.array_equal(kernel.scores(rows, probes), rows.astype(np.int64) @ probes.T.astype(np.int64)):
            return False
    return True


@cache
def _product_model() -> bytes:
    """Make the model `scores = rows x probes`."""
    from onnx import TensorProto, helper  # takes 0.15 s; nothing that only reads videos needs it

    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["rows", "probes"], ["scores"])],
        "products",
        [
            helper.make_tensor_value_info("rows", TensorProto.UINT8, ["M", "D"]),
            helper.make_tensor_value_info("probes", TensorProto.INT8, ["D", "N"]),
        ],
        [helper.make_tensor_value_info("scores", TensorProto.INT32, ["M", "N"])],
    )
    # Old versions, which every build of onnxruntime understands.
    model: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
