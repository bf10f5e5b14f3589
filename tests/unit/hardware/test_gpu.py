from pathlib import Path

import pytest

from stash_sense.adapters.hardware.gpu import gpu_memory_bytes

MIB = 1024 * 1024


def tool(folder: Path, says: str, code: int = 0) -> str:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\nprintf '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("says", "memory"),
    [
        ("8192\\n", 8192 * MIB),
        ("24576\\n4096\\n", 4096 * MIB),
        ("[N/A]\\n", None),
        ("", None),
        ("No devices\\n", None),
    ],
)
def test_nvidias_tool_tells_the_memory_of_the_smallest(tmp_path: Path, says: str, memory: int | None) -> None:
    assert gpu_memory_bytes(tmp_path, tool(tmp_path, says)) == memory


def test_a_tool_that_fails_or_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert gpu_memory_bytes(tmp_path, tool(tmp_path, "8192", code=9)) is None
    assert gpu_memory_bytes(tmp_path, str(tmp_path / "nothing")) is None


def test_linux_tells_the_memory_of_amds(tmp_path: Path) -> None:
    for card, text in (("card0", "17163091968\n"), ("card1", "broken")):
        folder = tmp_path / "sys/class/drm" / card / "device"
        folder.mkdir(parents=True)
        (folder / "mem_info_vram_total").write_text(text)
    assert gpu_memory_bytes(tmp_path, "no-such-tool") == 17163091968
