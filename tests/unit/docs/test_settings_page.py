"""docs/reference/settings.md has a row for every setting, and none besides."""

from pathlib import Path

from stash_sense.configuration.catalogue import SETTINGS, UNREAD
from stash_sense.configuration.registry import SettingSpec

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/settings.md").read_text()


def row(spec: SettingSpec) -> str:
    default = spec.fallback
    shown = "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    return f"| `{spec.key}` | {spec.type.allowed} | {shown} | {spec.description} |"


def test_the_page_has_a_row_for_every_setting_and_none_besides() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert rows == [row(spec) for spec in SETTINGS]


def test_the_page_tells_of_every_old_variable() -> None:
    for spec in SETTINGS:
        for old in spec.old_variables:
            assert f"| `{old}` | `{spec.variable}` |" in PAGE
    for name in UNREAD:
        assert f"| `{name}` | not read: what it sets is not part of this version |" in PAGE
