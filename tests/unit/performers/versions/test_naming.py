import pytest
from packaging.version import Version

from stash_sense.performers.versions.naming import version_after, version_without, whole_version


@pytest.mark.parametrize(
    ("version", "taken", "expected"),
    [
        ("2026.11.22", [], "2026.11.22.1"),
        ("2026.11.22.3", ["2026.11.22.3", "2026.11.22.1"], "2026.11.22.4"),
        ("2026.11.22", ["2026.11.23"], "2026.11.23.1"),  # gone back to, and the newer one may be published
        ("2026.11.22.1+without.1", [], "2026.11.22.2"),
        ("5", [], "5.0.0.1"),
        ("1.2.3.4.5", [], "1.2.3.4.6"),
        ("2.0rc1", ["1.0"], "2.0rc2"),
        ("2.0rc1", ["2.0"], "2.0rc2"),
        ("1.0", ["2.0rc1"], "1.0.0.1"),
        ("1.0.post1", [], "1.0.post2"),
        ("1.0.dev3", [], "1.0.dev4"),
    ],
)
def test_the_version_after_one_is_newer_than_all_of_its_kind(version: str, taken: list[str], expected: str) -> None:
    assert version_after(version, taken) == expected
    kind = Version(version).is_prerelease
    assert Version(expected).is_prerelease == kind
    assert all(Version(expected) > known for known in map(Version, [version, *taken]) if known.is_prerelease == kind)


@pytest.mark.parametrize(
    ("version", "taken", "expected"),
    [
        ("2026.11.22", [], "2026.11.22+without.1"),
        ("2026.02.18", ["2026.2.18+without.1"], "2026.02.18+without.2"),
        ("2026.11.22+without.9", [], "2026.11.22+without.10"),
        ("2026.11.22", ["2026.11.22+without.1"], "2026.11.22+without.2"),
        ("1.0rc1+eu.3", [], "1.0rc1+eu.3.without.1"),
        ("1.0+eu.3.without.1", [], "1.0+eu.3.without.2"),
    ],
)
def test_a_version_without_somebody_comes_right_after(version: str, taken: list[str], expected: str) -> None:
    assert version_without(version, taken) == expected
    assert Version(expected) > Version(version)


@pytest.mark.parametrize(
    ("version", "whole"),
    [
        ("2026.02.18", "2026.02.18"),
        ("2026.02.18+without.2", "2026.02.18"),
        ("1.0+eu.3.without.1", "1.0+eu.3"),
        ("1.0+eu.3", "1.0+eu.3"),
    ],
)
def test_a_version_without_somebody_says_what_it_was_made_of(version: str, whole: str) -> None:
    assert whole_version(version) == whole
