import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from stash_sense.errors import PackUnknown
from stash_sense.kernel.arrays import Doubles
from stash_sense.models.card import FileCard
from stash_sense.models.catalogue import (
    BundledSource,
    Catalogue,
    CatalogueEntry,
    NpmSource,
    PypiSource,
    QuantisedSource,
    Source,
    bundled_file,
)
from stash_sense.models.pattern import drawn_face, wave_pattern
from stash_sense.models.selftest import PATTERN_VARIANTS

VECTORS = Path(__file__).parents[2] / "data" / "dlib_vectors.json"
MOBILEFACENET_VECTORS = VECTORS.with_name("mobilefacenet_vectors.json")
FR_FEATURE_VECTORS = VECTORS.with_name("fr_feature_vectors.json")
SOME_FILE = FileCard(sha256="0" * 64, size=1)


def installed(source: Source) -> FileCard:
    """Return what an install notes of a source, as far as it is known beforehand."""
    return FileCard(sha256=source.sha256, size=1) if isinstance(source, BundledSource) else SOME_FILE


def averaged(patterns: list[dict[str, Any]]) -> Doubles:
    """Return the unit vectors of pictures and their mirrored ones: (n, dim)."""
    shown, mirrored = (np.array([pattern[name] for pattern in patterns]) for name in ("vector", "mirrored"))
    total = unit(shown) + unit(mirrored)
    return unit(total)


def unit(vectors: Doubles) -> Doubles:
    units: Doubles = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.shipped()


def test_the_shipped_packs_are_shown_in_this_order(catalogue: Catalogue) -> None:
    assert [entry.id for entry in catalogue] == ["lite", "duo", "trio", "stash-sense", "buffalo_l", "buffalo_sc"]


def test_an_unknown_pack_says_where_the_known_ones_are_listed(catalogue: Catalogue) -> None:
    with pytest.raises(PackUnknown, match="models list"):
        catalogue.entry("nothing")


def test_every_file_of_every_card_has_a_source(catalogue: Catalogue) -> None:
    for entry in catalogue:
        card = entry.card({source.file: installed(source) for source in entry.sources})
        assert set(card.files) == {source.file for source in entry.sources}
        assert entry.describes(card)
        assert entry.brings
        assert entry.licence_text


def test_new_statistics_or_constants_make_an_installed_pack_outdated(catalogue: Catalogue) -> None:
    entry = catalogue.entry("lite")
    card = entry.card({source.file: installed(source) for source in entry.sources})
    assert not entry.describes(card.model_copy(update={"version": "0"}))
    for source in entry.sources:
        changed = card.model_copy(
            update={"files": dict(card.files) | {source.file: FileCard(sha256="1" * 64, size=1)}}
        )
        assert entry.describes(changed) != isinstance(source, BundledSource)


def test_bundled_files_are_the_ones_that_the_catalogue_names(catalogue: Catalogue) -> None:
    bundled = [source for entry in catalogue for source in entry.sources if isinstance(source, BundledSource)]
    assert bundled
    for source in bundled:
        assert hashlib.sha256(bundled_file(source.file)).hexdigest() == source.sha256


def test_only_the_packs_for_research_need_their_licence_accepted(catalogue: Catalogue) -> None:
    assert [entry.id for entry in catalogue if entry.must_accept] == ["buffalo_l", "buffalo_sc"]


def test_the_default_pack_comes_from_packages_alone(catalogue: Catalogue) -> None:
    entry = catalogue.entry("lite")
    assert not entry.supplied
    assert all(isinstance(source, PypiSource | BundledSource | QuantisedSource) for source in entry.sources)
    assert entry.download_bytes == 102_735_116


def test_duo_adds_one_model_from_npm_to_what_lite_is_made_of(catalogue: Catalogue) -> None:
    lite, duo = catalogue.entry("lite"), catalogue.entry("duo")
    added = [source for source in duo.packages if source not in lite.sources]
    assert [(source.file, type(source)) for source in added] == [("mfn192.onnx", NpmSource)]
    assert duo.packages[0] == added[0], "without npm it must fail before 100 MB are fetched"
    assert duo.download_bytes - lite.download_bytes == 10_215_627


def test_trio_adds_one_model_from_npm_to_what_duo_is_made_of(catalogue: Catalogue) -> None:
    duo, trio = catalogue.entry("duo"), catalogue.entry("trio")
    added = [source for source in trio.packages if source not in duo.sources]
    assert [(source.file, source.converter) for source in added] == [("fr512.onnx", "onnx-network")]
    assert trio.download_bytes - duo.download_bytes == 41_114_878
    npm = [isinstance(source, NpmSource) for source in trio.packages]
    assert npm == sorted(npm, reverse=True), "without npm it must fail before 100 MB are fetched"


def test_an_8_bit_form_is_made_of_files_that_are_there_before_it(catalogue: Catalogue) -> None:
    document = catalogue.entry("lite").model_dump(mode="json", by_alias=True)
    document["sources"].reverse()
    with pytest.raises(ValidationError, match="do not stand before it"):
        CatalogueEntry.model_validate(document)


@pytest.mark.parametrize(
    ("pack_id", "embedder", "vectors", "mirrored"),
    [
        ("duo", "mfn192", MOBILEFACENET_VECTORS, True),
        ("trio", "mfn192", MOBILEFACENET_VECTORS, True),
        ("trio", "fr512", FR_FEATURE_VECTORS, False),
    ],
)
def test_the_known_answers_of_a_converted_network_are_those_of_the_original(
    catalogue: Catalogue, pack_id: str, embedder: str, vectors: Path, mirrored: bool
) -> None:
    recorded = json.loads(vectors.read_text())
    patterns, entry = recorded["patterns"], catalogue.entry(pack_id)
    for pattern in patterns:
        assert hashlib.sha256(wave_pattern(112, pattern["variant"]).tobytes()).hexdigest() == pattern["sha256"]
    known = np.reshape(entry.known_answers[embedder]["first"], (len(patterns), -1))
    original = averaged(patterns) if mirrored else unit(np.array([pattern["vector"] for pattern in patterns]))
    assert np.abs(known - original).max() < 1e-5
    assert recorded["weights_sha256"] in {source.content_sha256 for source in entry.packages}


@pytest.mark.parametrize("pack_id", ["duo", "trio"])
def test_the_self_test_shows_mobilefacenet_pictures_that_it_mirrors(catalogue: Catalogue, pack_id: str) -> None:
    entry = catalogue.entry(pack_id)
    card = entry.card({source.file: installed(source) for source in entry.sources})
    described = next(embedder for embedder in card.embedders if embedder.id == "mfn192")
    assert (described.clear_norm, described.flip_below) == (60.0, 60.0)
    patterns = json.loads(MOBILEFACENET_VECTORS.read_text())["patterns"]
    assert max(np.linalg.norm(pattern["vector"]) for pattern in patterns) < 60.0


def test_the_known_answers_were_taken_from_the_patterns_of_this_version(catalogue: Catalogue) -> None:
    answers = catalogue.entry("lite").card({s.file: SOME_FILE for s in catalogue.entry("lite").sources}).self_test
    assert answers["detector"].pattern_sha256 == hashlib.sha256(drawn_face().tobytes()).hexdigest()
    patterns = b"".join(wave_pattern(150, variant).tobytes() for variant in PATTERN_VARIANTS)
    assert answers["dlib128"].pattern_sha256 == hashlib.sha256(patterns).hexdigest()


@pytest.mark.parametrize("pack_id", ["lite", "duo", "trio"])
def test_the_known_answers_are_those_of_dlib_in_every_value(catalogue: Catalogue, pack_id: str) -> None:
    patterns = json.loads(VECTORS.read_text())["patterns"]
    assert tuple(pattern["variant"] for pattern in patterns) == PATTERN_VARIANTS
    known = np.reshape(catalogue.entry(pack_id).known_answers["dlib128"]["first"], (len(patterns), 128))
    assert np.abs(known - averaged(patterns)).max() < 1e-5


def test_no_two_values_of_a_vector_can_be_exchanged_nor_one_be_dropped_unseen(catalogue: Catalogue) -> None:
    answer = catalogue.entry("lite").known_answers["dlib128"]
    vectors = np.reshape(answer["first"], (len(PATTERN_VARIANTS), 128))
    apart = np.abs(vectors[:, :, None] - vectors[:, None, :]).max(axis=0)
    assert apart[~np.eye(128, dtype=bool)].min() > answer["tolerance"]
    assert np.abs(vectors).max(axis=0).min() > answer["tolerance"]


def test_the_patterns_are_those_that_dlib_was_asked_about() -> None:
    patterns = json.loads(VECTORS.read_text())["patterns"]
    assert patterns
    for pattern in patterns:
        assert hashlib.sha256(wave_pattern(150, pattern["variant"]).tobytes()).hexdigest() == pattern["sha256"]


def test_patterns_are_neither_grey_nor_symmetric() -> None:
    pattern = wave_pattern(112).astype(int)
    assert pattern.min() < 10
    assert pattern.max() > 245
    for other in (pattern[..., ::-1], pattern[:, ::-1], pattern[::-1], pattern.transpose(1, 0, 2)):
        assert abs(pattern - other).mean() > 20
