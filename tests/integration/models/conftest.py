from pathlib import Path

import pytest
from tests.integration.models import packs


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def embedder_folder(tmp_path: Path) -> Path:
    return packs.write_files(tmp_path / "supplied", {"w600k_mbf.onnx": packs.embedder(112)})
