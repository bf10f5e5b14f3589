"""`stash-sense models calibrate` as a user types it, with a tiny pack and a calibrator that knows its answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from tests.integration.models import packs
from tests.unit.calibration.made import CURVE, calibration

from stash_sense.bootstrap import Services, build
from stash_sense.calibration.calibrate import Calibration, Calibrator, Material
from stash_sense.cli.app import app
from stash_sense.errors import CalibrationDamaged, Cancelled, FacesMissing, PackUnknown
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.models.overlay import OVERLAY_NAME
from stash_sense.models.store import OpenPack
from stash_sense.scenes.people import Person
from stash_sense.settings import Settings

PACK, DIM = "buffalo_sc", 512


class Ready(Calibrator):
    """Answers at once, and notes what it was asked."""

    def __init__(self, asked: list[Any]) -> None:
        self._asked = asked

    def calibrate(
        self,
        people: Sequence[Person],
        sources: Sequence[Path],
        material: Material,
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Calibration:
        cancel.raise_if_cancelled()
        self._asked.append(([person.name for person in people], material))
        return calibration(DIM)


@dataclass(frozen=True)
class QuickServices(Services):
    """Services whose calibrator is `Ready`."""

    asked: tuple[list[Any], ...] = ()

    def calibrator(self, pack: OpenPack) -> Calibrator:
        return Ready(self.asked[0])


class Terminal:
    """Where commands are typed."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[Any] = []
        settings = Settings(models_dir=folder / "models", data_dir=folder / "data", device="cpu")
        self.services = QuickServices(**vars(build(settings)), asked=(self.asked,))

    def run(self, *words: str) -> typer.testing.Result:
        return typer.testing.CliRunner().invoke(app, list(words), obj=self.services)

    def document(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    supplied = packs.write_files(tmp_path / "supplied", packs.files_of(PACK))
    store = packs.store(tmp_path / "models")
    packs.installer(store).install(PACK, supplied=supplied, accept_licence=True)
    return Terminal(tmp_path)


@pytest.fixture
def faces(tmp_path: Path) -> str:
    for name in ("Ada", "Grace"):
        packs.write_files(tmp_path / "faces" / name, {"a.jpg": b"", "b.jpg": b""})
    return str(tmp_path / "faces")


def calibrated(terminal: Terminal, faces: str) -> Path:
    assert terminal.run("models", "calibrate", PACK, "--faces", faces).exit_code == 0
    return terminal.services.packs.calibrations.folder(PACK)


def test_a_calibration_is_laid_over_the_pack_and_said_everywhere(terminal: Terminal, faces: str) -> None:
    result = terminal.run("models", "calibrate", PACK, "--faces", faces)
    assert result.exit_code == 0
    assert "0.988 (0.900 to 1.000)" in result.stdout
    assert "preferred the logistic curve" in result.stdout
    assert terminal.services.packs.open(PACK).card.curve == CURVE
    assert terminal.services.packs.open(PACK, calibrated=False).card.curve != CURVE
    told = terminal.document("models", "info", PACK)["calibration"]
    assert (told["state"], told["fitted_on"]) == ("used", CURVE.fitted_on)
    assert CURVE.fitted_on.split()[0] in terminal.run("models", "info", PACK).stdout
    assert "calibrated" in terminal.run("models", "list").stdout
    assert terminal.run("models", "verify", PACK).exit_code == 0


def test_options_reach_the_calibrator(terminal: Terminal, faces: str, tmp_path: Path) -> None:
    words = ("--scenes", "9", "--seed", "4", "--keep-scenes", str(tmp_path / "kept"), "--leave-out", "Ada")
    document = terminal.document("models", "calibrate", PACK, "--faces", faces, *words)
    assert document["calibration"]["fit"]["default"]["precision"]["value"] == 0.9877
    assert terminal.asked == [(["Grace"], Material(9, 4, tmp_path / "kept"))]


def test_a_calibration_is_no_pack_and_outlives_a_new_install(terminal: Terminal, faces: str, tmp_path: Path) -> None:
    calibrated(terminal, faces)
    supplied = str(tmp_path / "supplied")
    again = packs.installer(packs.store(tmp_path / "models"))
    again.install(PACK, supplied=Path(supplied), accept_licence=True, force=True)
    assert terminal.services.packs.open(PACK).card.curve == CURVE
    ids = [pack["id"] for pack in terminal.document("models", "list")["packs"]]
    assert "calibrations" not in ids
    result = terminal.run("models", "info", "calibrations")
    assert isinstance(result.exception, PackUnknown)


def test_reset_takes_it_away(terminal: Terminal, faces: str) -> None:
    calibrated(terminal, faces)
    assert terminal.document("models", "calibrate", PACK, "--reset")["removed"]
    assert terminal.services.packs.open(PACK).card.curve != CURVE
    assert "has no calibration" in terminal.run("models", "calibrate", PACK, "--reset").stdout
    assert isinstance(terminal.run("models", "calibrate", "nothing", "--reset").exception, PackUnknown)


def test_a_damaged_one_keeps_the_pack_from_use_until_it_is_reset(terminal: Terminal, faces: str) -> None:
    (calibrated(terminal, faces) / OVERLAY_NAME).write_text("{")
    with pytest.raises(CalibrationDamaged):
        terminal.services.packs.open(PACK)
    told = terminal.run("models", "verify", PACK)
    assert told.exit_code == 1
    assert f"models calibrate {PACK} --reset" in told.stderr
    advice = json.loads(terminal.run("doctor", "--json").stdout)["advice"]
    assert any(f"models calibrate {PACK} --reset" in sentence for sentence in advice)
    assert terminal.run("models", "calibrate", PACK, "--faces", faces).exit_code == 0, "a new one replaces it"
    (terminal.services.packs.calibrations.folder(PACK) / OVERLAY_NAME).write_text("{")
    assert terminal.run("models", "calibrate", PACK, "--reset").exit_code == 0
    assert terminal.run("models", "verify", PACK).exit_code == 0


def test_nothing_is_written_when_it_is_stopped(terminal: Terminal, faces: str) -> None:
    terminal.services.cancel.cancel()
    result = terminal.run("models", "calibrate", PACK, "--faces", faces)
    assert isinstance(result.exception, Cancelled)
    assert not terminal.services.packs.calibrations.folder(PACK).exists()


def test_wrong_usage_says_what_is_wrong(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.run("models", "calibrate", PACK).exit_code == 2
    result = terminal.run("models", "calibrate", PACK, "--faces", str(tmp_path / "nothing"))
    assert isinstance(result.exception, FacesMissing)
