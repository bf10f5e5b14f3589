"""The JSON document: always valid, and what it holds is what its schema and its description say."""

import base64
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stash_sense.errors import Cancelled
from stash_sense.identification.library_result import GalleryPerson, IdentifiedGallery
from stash_sense.identification.reasons import Because
from stash_sense.identification.result import (
    NO_CROPS,
    Attempt,
    Failure,
    Identification,
    LibraryFacts,
    NamedPerson,
    Sighting,
    TaggedPerformer,
)
from stash_sense.identification.subject import FramesFrom
from stash_sense.reports.document import SCHEMA, DocumentWriter
from stash_sense.reports.wording import against

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
SHAPES = json.loads((REFERENCE / "identify.schema.json").read_text("utf-8"))
KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def written(results: Iterable[Identification]) -> str:
    stream = io.StringIO()
    write(results, stream)
    return stream.getvalue()


def write(results: Iterable[Identification], stream: io.StringIO) -> None:
    with DocumentWriter(stream) as document:
        for result in results:
            document.write(result)


def parsed(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def resolved(shape: dict[str, Any]) -> dict[str, Any]:
    reference = shape.get("$ref")
    return SHAPES["$defs"][reference.removeprefix("#/$defs/")] if reference else shape


def faults(value: Any, shape: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Say where a value differs from a schema; keys that the schema does not name are a fault too."""
    shape = resolved(shape)
    if "anyOf" in shape:
        choices = [list(faults(value, choice, where)) for choice in shape["anyOf"]]
        if all(choices):
            yield from choices[-1]
        return
    if "const" in shape:
        if value != shape["const"]:
            yield f"{where} is not {shape['const']}"
        return
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    if not any(type(value) in KINDS[kind] for kind in kinds):
        yield f"{where} is {value!r}, not {kinds}"
    elif isinstance(value, dict):
        yield from faults_of_keys(value, shape, where)
    elif isinstance(value, list):
        yield from faults_of_items(value, shape, where)
    elif isinstance(value, int | float) and not shape.get("minimum", value) <= value <= shape.get("maximum", value):
        yield f"{where} is {value}"


def faults_of_items(value: list[Any], shape: dict[str, Any], where: str) -> Iterator[str]:
    if not shape.get("minItems", 0) <= len(value) <= shape.get("maxItems", len(value)):
        yield f"{where} has {len(value)} items"
    for place, item in enumerate(value):
        yield from faults(item, shape["items"], f"{where}[{place}]")


def faults_of_keys(value: dict[str, Any], shape: dict[str, Any], where: str) -> Iterator[str]:
    named = shape.get("properties", {})
    if named and set(value) != set(named):
        yield f"{where} has the keys {sorted(value)}, not {sorted(named)}"
    if set(shape.get("required", ())) != set(named):
        yield f"{where}: the schema must require what it names"
    for key in value:
        if below := named.get(key) or shape.get("additionalProperties"):
            yield from faults(value[key], below, f"{where}.{key}")


def test_what_is_written_is_what_the_schema_says(
    video: Identification, picture: Identification, failed: Identification, empty: Identification
) -> None:
    document = parsed(written([video, picture, failed, empty]))
    assert list(faults(document, SHAPES)) == []
    assert document["schema"] == SCHEMA


def test_the_check_against_the_schema_finds_what_does_not_fit(video: Identification) -> None:
    document = parsed(written([video]))
    person = document["results"][0]["persons"][0]
    person["probability"] = 1.5
    person["frames"][0]["box"] = [1, 2, 3]
    del person["name"]
    assert len(list(faults(document, SHAPES))) == 3


@pytest.mark.parametrize("keywords", [{"$schema", "$id", "title", "description", "$defs", "$ref"}])
def test_the_schema_uses_only_words_that_the_check_understands(keywords: set[str]) -> None:
    checked = {
        "type",
        "required",
        "properties",
        "items",
        "anyOf",
        "const",
        "minimum",
        "maximum",
        "additionalProperties",
    }

    def words(shape: dict[str, Any]) -> set[str]:
        inner = [*shape.get("properties", {}).values(), *shape.get("$defs", {}).values(), *shape.get("anyOf", ())]
        inner += [shape[key] for key in ("items", "additionalProperties") if key in shape]
        return set(shape).union(*map(words, inner))

    assert words(SHAPES) <= keywords | checked | {"minItems", "maxItems"}


def test_every_field_of_the_schema_is_described_and_no_other() -> None:
    text = (REFERENCE / "identify-json.md").read_text("utf-8")
    described = {
        heading.lower(): re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for heading, section in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    }
    named = {name: list(shape["properties"]) for name, shape in SHAPES["$defs"].items() if "properties" in shape}
    assert described == {"document": list(SHAPES["properties"]), **named}


def test_what_belongs_to_stash_is_as_the_schema_says(video: Identification, failed: Identification) -> None:
    performer = TaggedPerformer("7", "Ada", ("folder:Ada",), seen=True)
    attempts = (Attempt(FramesFrom.FILE, Failure("video_damaged", "why")),)
    facts = LibraryFacts("scene", "12", FramesFrom.STREAM, True, attempts, (performer,))
    member = GalleryPerson("folder:Ada", "Ada", 0.25, 0.31239, 0.98765, ("4", "5"), tagged=True)
    stream = io.StringIO()
    with DocumentWriter(stream) as writer:
        writer.write(replace(video, library=facts))
        writer.write(replace(failed, library=LibraryFacts("image", "7")))
        writer.tell_gallery(IdentifiedGallery("3", 5, 4, 9, (member,), (performer,)))
    document = parsed(stream.getvalue())
    assert list(faults(document, SHAPES)) == []
    first, second = document["results"]
    assert first["library"]["attempts"] == [
        {"frames_from": "file", "error": {"code": "video_damaged", "message": "why"}}
    ]
    assert (first["library"]["frames_from"], second["library"]["frames_from"]) == ("stream", None)
    assert document["gallery"]["persons"][0]["mean_distance"] == 0.3124
    assert document["gallery"]["persons"][0]["image_count"] == 2


def test_faces_are_part_of_it_only_where_they_are_asked_for(video: Identification) -> None:
    def crops(asked: bool) -> Any:
        stream = io.StringIO()
        with DocumentWriter(stream, asked) as writer:
            writer.write(video)
        document = parsed(stream.getvalue())
        assert list(faults(document, SHAPES)) == []
        return document["results"][0]["persons"][0]["crops"]

    assert crops(asked=False) is None
    told = crops(asked=True)
    assert [one["t"] for one in told] == [4.5, 60.0]
    picture = Image.open(io.BytesIO(base64.b64decode(told[0]["jpeg"])))
    assert (picture.format, picture.size) == ("JPEG", (96, 96))


def test_what_a_name_rests_on_is_told_with_where_the_pictures_are(video: Identification) -> None:
    ada = parsed(written([video]))["results"][0]["persons"][0]
    first, second = ada["references"]
    assert (first["distance"], first["path"], first["url"]) == (0.2842, "people/Ada Lovelace/1.jpg", None)
    assert (second["source"], second["url"]) == ("stashdb.org", "https://stashdb.org/images/x.jpg")
    rival = ada["runner_up"]
    assert (rival["person_id"], rival["because"], rival["close"]) == ("grace", "less_likely", False)
    assert rival["nearer"] == {"faces": 11, "of_faces": 12, "tracks": 3, "of_tracks": 3}
    assert rival["words"] == (
        "Grace Hopper is less likely, 4% against 93%; the nearest picture is 0.328 further away, and 11 of 12 faces "
        "are nearer to Ada Lovelace."
    )


@pytest.mark.parametrize(
    ("because", "words"),
    [
        (Because.FREQUENCY, "By the faces together Grace Hopper is more likely, 4% against 93%; this mode"),
        (Because.NOT_TWICE, "It would be Grace Hopper, 4%, but another face in the same frame"),
        (Because.UNSURE, "Grace Hopper is most alike, but 4% is less than the 50% that a name takes."),
    ],
)
def test_every_reason_has_its_words(video: Identification, because: Because, words: str) -> None:
    ada = video.persons[0]
    assert ada.runner_up is not None
    assert against(replace(ada, runner_up=replace(ada.runner_up, because=because))).startswith(words)


def test_numbers_are_rounded_to_what_they_mean(video: Identification) -> None:
    result = parsed(written([video]))["results"][0]
    person = result["persons"][0]
    assert (person["probability"], person["distance"]) == (0.9312, 0.2842)
    assert person["frames"][1] == {"t": 60.0, "box": [10.0, 20.1, 90.0, 120.5]}
    assert result["timing_ms"]["total"] == 4210.3


def test_numbers_of_numpy_are_numbers(video: Identification) -> None:
    measured: Any = np.array([1.25, 2.0, 3.0, 4.0], np.float32)
    frames: Any = np.int64(3)
    sighting = Sighting(measured[0], tuple(measured))
    person = NamedPerson((sighting,), NO_CROPS, (), "a", "A", measured[0] - 1, measured[0] * -0.00001)
    document = parsed(written([replace(video, persons=(person,), frames_analyzed=frames)]))
    assert list(faults(document, SHAPES)) == []
    assert document["results"][0]["persons"][0]["frames"] == [{"t": 1.25, "box": [1.2, 2, 3, 4]}]
    assert str(document["results"][0]["persons"][0]["distance"]) == "0.0"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_could_not_be_computed_is_null(video: Identification, value: float) -> None:
    person = replace(video.persons[0], probability=value, distance=value)
    result = replace(video, persons=(person,), duration=value, timing_ms={"total": value})
    document = parsed(written([result]))
    assert list(faults(document, SHAPES)) == []
    assert document["results"][0]["persons"][0]["distance"] is None


def test_a_picture_has_no_times(picture: Identification) -> None:
    result = parsed(written([picture]))["results"][0]
    assert result["duration"] is None
    assert [frame["t"] for frame in result["persons"][0]["frames"]] == [None]


def test_a_failure_has_a_code_and_a_sentence(failed: Identification, video: Identification) -> None:
    broken, fine = parsed(written([failed, video]))["results"]
    assert broken["error"]["code"] == "video_damaged"
    assert broken["error"]["message"].startswith("broken.mkv is damaged")
    assert fine["error"] is None


def test_a_run_without_files_is_a_document_too() -> None:
    assert parsed(written([])) == {"schema": SCHEMA, "results": [], "gallery": None, "complete": True}


def test_any_text_comes_back_as_it_was(hostile: str, filled_with: Callable[[str], list[Identification]]) -> None:
    text = written(filled_with(hostile))
    result, failure = parsed(text)["results"]
    assert text.isascii()
    assert [result["source"], result["persons"][0]["name"], failure["error"]["message"]] == [hostile] * 3


@given(st.text(st.characters(codec=None)))
def test_any_name_at_all_leaves_the_document_valid(
    filled_with: Callable[[str], list[Identification]], name: str
) -> None:
    text = written(filled_with(name))
    assert text.isascii()
    assert parsed(text)["results"][0]["persons"][0]["name"] == name


def test_a_file_name_that_is_not_utf_8_leads_back_to_its_file(video: Identification) -> None:
    result = replace(video, source=os.fsdecode(b"caf\xe9.mp4"))
    assert os.fsencode(parsed(written([result]))["results"][0]["source"]) == b"caf\xe9.mp4"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, Cancelled, ZeroDivisionError])
@pytest.mark.parametrize("files", [0, 1, 2])
def test_an_interruption_closes_the_document_and_goes_on(
    video: Identification, interruption: type[BaseException], files: int
) -> None:
    def interrupted() -> Iterator[Identification]:
        yield from [video] * files
        raise interruption

    stream = io.StringIO()
    with pytest.raises(interruption):
        write(interrupted(), stream)
    left = parsed(stream.getvalue())
    assert (len(left["results"]), left["complete"]) == (files, False)


def test_each_result_is_handed_on_before_the_next_file_is_begun(video: Identification) -> None:
    passed_on: list[str] = []

    class Pipe(io.StringIO):
        def flush(self) -> None:
            passed_on.append(self.getvalue())

    with DocumentWriter(Pipe()) as document:
        document.write(video)
        assert '"holiday/clip.mp4"' in passed_on[-1]


def test_a_stream_that_fails_is_left_alone(video: Identification) -> None:
    class Broken(io.StringIO):
        calls = 0

        def write(self, text: str) -> int:
            self.calls += 1
            if self.calls > 1:
                raise BrokenPipeError
            return len(text)

    stream = Broken()
    with pytest.raises(BrokenPipeError), DocumentWriter(stream) as document:
        document.write(video)
    assert stream.calls == 2


def test_each_result_stands_on_a_line_of_its_own(video: Identification, picture: Identification) -> None:
    lines = written([video, picture]).splitlines()
    assert [parsed(line.rstrip(","))["source"] for line in lines[1:-1]] == ["holiday/clip.mp4", "crew.jpg"]
