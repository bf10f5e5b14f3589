"""What a terminal says about recommendations and the journal."""

from typing import Any

import pytest
from rich.console import Console, RenderableType

from stash_sense.recommendations.journal.values import in_words
from stash_sense.reports.recommendations import details_of, listing, names_of, writes_in_words


def printed(report: RenderableType) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(report)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def seen(t: float | None = None, image_id: str | None = None) -> dict[str, Any]:
    return {"t": t, "image_id": image_id, "box": [1, 2, 30, 40], "face": 0}


def person(**more: Any) -> dict[str, Any]:
    told = {"name": "Ada", "performer_id": "1", "probability": 0.97, "distance": 0.31, "mean_distance": None}
    others = [
        {"name": "Bea", "probability": 1e-9, "distance": 0.81},
        {"name": "Cora", "probability": 1e-9, "distance": 0.72},
    ]
    return {**told, "count": 1, "seen": [], "image_ids": [], "others": others, "reference": None, **more}


def recommendation(kind: str, *people: dict[str, Any], **more: Any) -> dict[str, Any]:
    details = {"title": "A title", "pack": "lite", "database": "2026.11.23", "people": list(people), "unknown": 0}
    told = {"id": 7, "status": "pending", "permanent": False, "action": None, "reason": "", "group": None}
    return {**told, "target_type": kind, "target_id": "3", "details": details, **more}


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("scene", {"count": 3, "seen": [seen(65.0), seen(), seen(9.0)]}, "seen in 3 frames: the cover, 0:09, 1:05"),
        ("scene", {"count": 40, "seen": [seen(float(t)) for t in range(12)]}, "0:03, 0:04, 0:05, …"),
        ("scene", {"count": 2}, "seen in 2 frames"),
        ("image", {"seen": [seen()]}, "seen in it"),
        ("gallery", {"count": 2, "image_ids": ["8", "4"], "seen": [seen(image_id="8")]}, "seen in 2 images: 8, 4"),
        ("gallery", {"seen": [seen(image_id="8")]}, "seen in 1 image: 8"),
    ],
)
def test_where_somebody_is_seen_is_said_in_terms_of_what_it_is(kind: str, more: Any, said: str) -> None:
    assert f"{said}\n" in printed(details_of(recommendation(kind, person(**more))))


def test_the_picture_that_matched_is_named_as_well_as_it_is_known() -> None:
    box = {"source": "stashdb.org", "url": "https://stashdb.org/images/1", "path": None, "sha256": "ab"}
    ours = {"source": "stash", "url": None, "path": None, "sha256": "ab"}
    shown = printed(details_of(recommendation("scene", person(reference=box), person(reference=ours))))
    assert "nearest picture: https://stashdb.org/images/1, distance 0.310" in shown
    assert "nearest picture: a picture in Stash, distance 0.310" in shown
    several = person(count=2, mean_distance=0.4)
    assert "distance 0.310, 0.400 on average" in printed(details_of(recommendation("gallery", several)))


def test_of_those_who_are_not_likely_only_the_first_is_told() -> None:
    shown = printed(details_of(recommendation("scene", person())))
    assert "next likely: Bea, <1%, distance 0.810" in shown
    assert "Cora" not in shown


def test_the_state_is_told_where_it_is_not_the_same_for_all() -> None:
    pending, accepted = recommendation("scene"), recommendation("scene", status="resolved", action="accept")
    gone = recommendation("scene", status="resolved", action="outdated")
    never = recommendation("scene", status="dismissed", permanent=True)
    assert "state" not in printed(listing([pending, pending]))
    shown = printed(listing([pending, accepted, gone, never]))
    assert [line.split("A title")[1].strip() for line in shown.splitlines()[1:]] == [
        "pending",
        "accepted",
        "outdated",
        "dismissed for good",
    ]


def test_writes_name_performers_as_far_as_they_are_known() -> None:
    names = names_of(recommendation("scene", person(), person(name="Dora", performer_id=None)))
    add = {"operation": "add", "kind": "scene", "target_id": "3", "before": {"performer_ids": ["9"]}}
    added = {**add, "after": {"performer_ids": ["9", "1", "5", "new: Dora"]}}
    assert list(writes_in_words([added], names)) == [
        "scene 3: add Ada (performer 1), performer 5, the new performer Dora"
    ]


def test_writes_name_what_is_deleted_and_what_is_merged() -> None:
    names = {("performer", "7"): "Ada", ("performer", "8"): "Bea"}
    gone = {"operation": "destroy", "kind": "performer", "target_id": "7", "before": {}, "after": {}}
    merged, kept = (
        {**gone, "operation": "merge", "after": {"into": "8"}},
        {**gone, "operation": "merge", "target_id": "8", "after": {"from": ["7", "9"]}},
    )
    assert list(writes_in_words([gone, merged, kept], names)) == [
        "performer 7 (Ada): delete",
        "performer 7 (Ada): merge into Bea (performer 8)",
        "performer 8 (Bea): take in Ada (performer 7), performer 9",
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        ("", "nothing"),
        ([], "nothing"),
        (True, "yes"),
        (0, "0"),
        (["1", "3"], "1, 3"),
        ([{"endpoint": "https://x.example", "stash_id": "a"}], "https://x.example a"),
        ({"sha256": "ab", "bytes": 1234, "type": "image/png"}, "a picture of 1,234 bytes"),
        ({"address": "https://x.example/1.jpg"}, "https://x.example/1.jpg"),
    ],
)
def test_values_are_said_in_words(value: object, words: str) -> None:
    assert in_words(value) == words
