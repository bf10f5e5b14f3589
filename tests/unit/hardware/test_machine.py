from pathlib import Path

import pytest

from stash_sense.adapters.hardware.machine import read_hardware
from stash_sense.kernel.hardware import ProviderStatus

GIB = 1024**3


class FakeMachine:
    """A folder with the files of /proc and /sys that a test wants."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/meminfo", f"MemTotal:       {16 * GIB // 1024} kB\nMemFree:  1 kB\n")
        self.write("proc/self/status", "Name:\tpython\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n")

    def write(self, path: str, content: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def cpus(self) -> int:
        return read_hardware(root=self.root).cpus

    def memory(self) -> int | None:
        return read_hardware(root=self.root).memory_bytes


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path)


def test_without_limits_it_is_all_of_the_machine(machine: FakeMachine) -> None:
    assert (machine.cpus(), machine.memory()) == (8, 16 * GIB)


@pytest.mark.parametrize(("allowed", "count"), [("0", 1), ("0-3", 4), ("0-1,4-5,7", 5), ("12,14", 2)])
def test_only_processors_that_this_process_may_use_count(machine: FakeMachine, allowed: str, count: int) -> None:
    machine.write("proc/self/status", f"Cpus_allowed_list:\t{allowed}\n")
    assert machine.cpus() == count


def test_a_container_sees_its_own_limits_of_version_2(machine: FakeMachine) -> None:
    machine.write("proc/self/cgroup", "0::/\n")
    machine.write("sys/fs/cgroup/cpu.max", "250000 100000\n")
    machine.write("sys/fs/cgroup/memory.max", f"{2 * GIB}\n")
    assert (machine.cpus(), machine.memory()) == (3, 2 * GIB)


def test_version_2_without_a_limit_says_max(machine: FakeMachine) -> None:
    machine.write("proc/self/cgroup", "0::/\n")
    machine.write("sys/fs/cgroup/cpu.max", "max 100000\n")
    machine.write("sys/fs/cgroup/memory.max", "max\n")
    assert (machine.cpus(), machine.memory()) == (8, 16 * GIB)


def test_the_tightest_limit_of_all_the_groups_around_counts(machine: FakeMachine) -> None:
    machine.write("proc/self/cgroup", "0::/user.slice/app.service\n")
    machine.write("sys/fs/cgroup/user.slice/app.service/memory.max", f"{8 * GIB}\n")
    machine.write("sys/fs/cgroup/user.slice/memory.max", f"{4 * GIB}\n")
    machine.write("sys/fs/cgroup/user.slice/app.service/cpu.max", "100000 100000\n")
    machine.write("sys/fs/cgroup/user.slice/cpu.max", "600000 100000\n")
    assert (machine.cpus(), machine.memory()) == (1, 4 * GIB)


def test_limits_of_version_1_are_read_under_each_controller(machine: FakeMachine) -> None:
    machine.write("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n0::/\n")
    machine.write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", f"{3 * GIB}\n")
    machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    machine.write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "150000\n")
    machine.write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n")
    assert (machine.cpus(), machine.memory()) == (2, 3 * GIB)


def test_version_1_in_a_container_shows_its_own_group_as_the_mount(machine: FakeMachine) -> None:
    machine.write("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n")
    machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", f"{3 * GIB}\n")
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n")
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert (machine.cpus(), machine.memory()) == (1, 3 * GIB)


def test_version_1_without_a_limit_is_all_of_the_machine(machine: FakeMachine) -> None:
    machine.write("proc/self/cgroup", "4:memory:/\n3:cpu:/\n")
    machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert (machine.cpus(), machine.memory()) == (8, 16 * GIB)


def test_a_group_outside_what_the_container_sees_does_no_harm(machine: FakeMachine) -> None:
    machine.write("proc/self/cgroup", "0::/../../other\nnonsense\n\n")
    machine.write("sys/fs/cgroup/memory.max", f"{2 * GIB}\n")
    assert machine.memory() == 2 * GIB


def test_the_processor_and_the_instructions_that_matter_are_told(machine: FakeMachine) -> None:
    machine.write(
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Some CPU @ 3.00GHz\nflags\t\t: fpu avx512f avx avx2 sse4_2 avx512_vnni\n\n"
        "processor\t: 1\nmodel name\t: Another\n",
    )
    hardware = read_hardware(root=machine.root)
    assert hardware.cpu_model == "Some CPU @ 3.00GHz"
    assert hardware.cpu_features == ("avx", "avx2", "avx512f", "avx512_vnni")


def test_an_arm_board_names_itself_elsewhere(machine: FakeMachine) -> None:
    machine.write("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd crc32\n\nModel\t\t: Raspberry Pi 5\n")
    hardware = read_hardware(root=machine.root)
    assert (hardware.cpu_model, hardware.cpu_features) == ("Raspberry Pi 5", ("asimd",))


def test_a_system_without_these_files_is_described_as_far_as_it_goes(tmp_path: Path) -> None:
    hardware = read_hardware(root=tmp_path)
    assert hardware.cpus >= 1
    assert hardware.cpu_model
    assert hardware.cpu_features == ()
    assert hardware.memory_bytes is None or hardware.memory_bytes > 0


def test_providers_are_passed_on(tmp_path: Path) -> None:
    statuses = (ProviderStatus("CPUExecutionProvider", True),)
    assert read_hardware(statuses, tmp_path).providers == statuses


def test_this_machine_is_described() -> None:
    hardware = read_hardware()
    assert hardware.cpus >= 1
    assert hardware.memory_bytes is None or hardware.memory_bytes > 100_000_000
