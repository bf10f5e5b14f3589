from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.calibration.made import CURVE, PAIRS, calibration

from stash_sense.calibration.background import archive
from stash_sense.calibration.overlaying import overlay_of
from stash_sense.errors import CalibrationDamaged, PackUnknown, StorageError
from stash_sense.models.card import FileCard, PackCard
from stash_sense.models.catalogue import Catalogue
from stash_sense.models.overlay import OVERLAY_NAME, Overlay, Overlays, OverlayStatus
from stash_sense.recognition.space import FaceSpace

NOW = datetime(2030, 1, 2, tzinfo=UTC)


def card(hash_of_models: str = "1" * 64) -> PackCard:
    entry = Catalogue.shipped().entry("lite")
    return entry.card({source.file: FileCard(sha256=hash_of_models, size=1) for source in entry.sources})


@pytest.fixture
def overlay() -> Overlay:
    return overlay_of(calibration(dim=card().dim), card(), NOW)


@pytest.fixture
def overlays(tmp_path: Path, overlay: Overlay) -> Overlays:
    kept = Overlays(tmp_path / "models")
    kept.write(overlay)
    return kept


def state(status: OverlayStatus | None) -> str | None:
    return status.state if status else None


def test_what_was_written_is_read_and_laid_over_the_card(overlays: Overlays, overlay: Overlay) -> None:
    found = overlays.of(card())
    assert found == overlay
    assert found is not None
    laid = found.over(card())
    assert (laid.curve, laid.same_person, laid.matching.join_from) == (CURVE, PAIRS, 0.2)
    assert laid.files == card().files
    space = calibration(dim=card().dim).decision.space
    assert archive(FaceSpace.read(space.blocks, found.background)) == archive(space)
    assert state(overlays.status(card())) == "used"


def test_the_same_calibration_is_the_same_but_for_the_time(overlay: Overlay) -> None:
    later = overlay_of(calibration(dim=card().dim), card(), datetime(2031, 1, 1, tzinfo=UTC))
    assert later.background == overlay.background
    assert later.card.model_copy(update={"created_at": NOW}) == overlay.card


def test_figures_are_kept_with_their_intervals(overlay: Overlay) -> None:
    fit = overlay.card.fit
    precision = fit.default.precision
    assert (precision.value, precision.low, precision.high) == (0.9877, 0.9, 1.0)
    assert fit.strict.strangers_named.value is None
    assert fit.log_loss == {"logistic": 0.1235, "isotonic": 0.2}


def test_a_pack_without_a_calibration_stays_as_it_is(tmp_path: Path) -> None:
    overlays = Overlays(tmp_path / "nothing")
    assert overlays.of(card()) is None
    assert overlays.status(card()) is None
    assert not overlays.remove("lite")


def test_it_is_ignored_for_other_models_and_says_so(overlays: Overlays) -> None:
    other = card("2" * 64)
    assert overlays.of(other) is None
    status = overlays.status(other)
    assert status is not None
    assert (status.state, "other models" in status.reason) == ("ignored", True)


def test_it_is_ignored_when_the_program_no_longer_weighs_that_evidence(overlays: Overlays, overlay: Overlay) -> None:
    content = overlay.card.model_dump_json(by_alias=True).replace('"margin"', '"older"')
    (overlays.folder("lite") / OVERLAY_NAME).write_text(content)
    assert state(overlays.status(card())) == "ignored"


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 2}', b"\xff"])
def test_a_damaged_document_says_how_to_take_it_away(overlays: Overlays, content: bytes) -> None:
    (overlays.folder("lite") / OVERLAY_NAME).write_bytes(content)
    with pytest.raises(CalibrationDamaged, match="models calibrate lite --reset"):
        overlays.of(card())
    assert state(overlays.status(card())) == "damaged"
    assert overlays.remove("lite")
    assert overlays.of(card()) is None


def test_damaged_and_missing_statistics_are_found(overlays: Overlays, overlay: Overlay) -> None:
    background = overlays.folder("lite") / overlay.card.background_file
    background.write_bytes(overlay.background[:-1] + b"x")
    with pytest.raises(CalibrationDamaged, match="other content"):
        overlays.of(card())
    background.unlink()
    with pytest.raises(CalibrationDamaged, match="cannot be read"):
        overlays.of(card())


def test_statistics_of_another_shape_are_refused(tmp_path: Path) -> None:
    overlays = Overlays(tmp_path)
    overlays.write(overlay_of(calibration(dim=8), card(), NOW))
    assert state(overlays.status(card())) == "damaged"


def test_the_calibration_of_another_pack_is_refused(overlays: Overlays) -> None:
    overlays.folder("lite").rename(overlays.folder("duo"))
    with pytest.raises(CalibrationDamaged, match="calibration of lite"):
        overlays.read("duo")


def test_a_new_calibration_leaves_nothing_of_the_old_one(overlays: Overlays) -> None:
    newer = overlay_of(calibration(dim=card().dim, seed=1), card(), NOW)
    folder = overlays.write(newer)
    assert overlays.of(card()) == newer
    assert {path.name for path in folder.iterdir()} == {OVERLAY_NAME, newer.card.background_file}


def test_a_folder_that_cannot_be_written_keeps_the_old_one(overlays: Overlays, overlay: Overlay) -> None:
    newer = overlay_of(calibration(dim=card().dim, seed=1), card(), NOW)
    (overlays.folder("lite") / newer.card.background_file).mkdir()
    with pytest.raises(StorageError):
        overlays.write(newer)
    assert overlays.of(card()) == overlay


@pytest.mark.parametrize("name", ["..", "../lite", "a/../../b", "/tmp", "", ".hidden"])  # noqa: S108
def test_nothing_outside_its_folder_can_be_taken_away(overlays: Overlays, name: str) -> None:
    with pytest.raises(PackUnknown):
        overlays.remove(name)
