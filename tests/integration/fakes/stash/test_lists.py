from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.fakes.stash.conftest import Visitor

from stash_sense.fakes.stash.finding import sorted_rows
from stash_sense.fakes.stash.sorts import SORTS

Visit = Callable[..., Visitor]


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    return visit(profile="0.31")


def scenes(visitor: Visitor, told: dict[str, Any]) -> list[str]:
    query = 'query($f:SceneFilterType){findScenes(scene_filter:$f,filter:{sort:"id"}){scenes{id}}}'
    return [scene["id"] for scene in visitor.ask(query, f=told)["findScenes"]["scenes"]]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"id": {"value": 1, "modifier": "GREATER_THAN"}}, ["2", "3"]),
        ({"path": {"value": "/films/low%", "modifier": "EQUALS"}}, ["1"]),
        ({"orientation": {"value": ["PORTRAIT"]}}, ["2"]),
        ({"duration": {"value": 20, "modifier": "EQUALS"}}, ["1", "2"]),
        ({"file_count": {"value": 0, "modifier": "EQUALS"}}, ["3"]),
        ({"performers": {"value": ["1"], "modifier": "INCLUDES"}}, ["1"]),
        ({"performers": {"modifier": "IS_NULL"}}, ["2", "3"]),
        ({"tags": {"value": ["1"], "modifier": "INCLUDES"}}, []),
        ({"tags": {"value": ["1"], "modifier": "INCLUDES", "depth": -1}}, ["1"]),
        ({"studios": {"value": ["1"], "modifier": "INCLUDES", "depth": 1}}, ["1"]),
        ({"stash_id_endpoint": {"endpoint": "any", "modifier": "IS_NULL"}}, ["1", "2", "3"]),
        ({"phash_distance": {"value": "f0f0f0f0f0f0f0f1", "modifier": "EQUALS", "distance": 1}}, ["1", "2"]),
        ({"oshash": {"value": "00000000000000b2", "modifier": "EQUALS"}}, ["2"]),
        ({"is_missing": "title"}, ["2"]),
        ({"organized": False, "title": {"value": "", "modifier": "NOT_NULL"}}, ["1", "3"]),
        ({"performers_filter": {"name": {"value": "Mara%", "modifier": "EQUALS"}}}, ["1"]),
        ({"OR": {"id": {"value": 3, "modifier": "EQUALS"}}, "is_missing": "title"}, ["2", "3"]),
        ({"NOT": {"is_missing": "title"}}, ["1", "3"]),
        ({"AND": {"id": {"value": 1, "modifier": "EQUALS"}}, "is_missing": "title"}, []),
        ({"audio_codec": {"value": "aac", "modifier": "EQUALS"}}, ["2"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_scenes_are_found_by_what_they_have(visitor: Visitor, told: dict[str, Any], expected: list[str]) -> None:
    assert scenes(visitor, told) == expected


def test_others_are_found_by_their_scenes(visitor: Visitor) -> None:
    query = "{findPerformers(performer_filter:{scene_count:{value:0,modifier:GREATER_THAN}}){performers{name}}}"
    assert visitor.ask(query)["findPerformers"]["performers"] == [{"name": "Mara Quill"}]
    query = "{findTags(tag_filter:{scenes_filter:{id:{value:1,modifier:EQUALS}}}){tags{name}}}"
    assert visitor.ask(query)["findTags"]["tags"] == [{"name": "Storm"}]
    query = "{findGalleries(gallery_filter:{image_count:{value:1,modifier:EQUALS}}){galleries{title folder{path}}}}"
    assert visitor.ask(query)["findGalleries"]["galleries"] == [
        {"title": "Shore", "folder": {"path": "/pictures/shore"}}
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tide", "findScenes"),
        ("gull", "findImages"),
        ("SHORE", "findGalleries"),
        ("m. quill", "findPerformers"),
        ("LN", "findStudios"),
        ("drizzle", "findTags"),
    ],
)
def test_words_are_searched_in_names_aliases_and_paths(visitor: Visitor, query: str, field: str) -> None:
    found = visitor.ask(f"query($q:String){{{field}(filter:{{q:$q}}){{count}}}}", q=query)
    assert found[field]["count"] == (2 if field == "findScenes" else 1)


@pytest.mark.parametrize("table", list(SORTS))
def test_every_sort_gives_every_row_once_in_both_directions(visitor: Visitor, table: str) -> None:
    state = visitor.stash.state
    everyone = sorted(state.tables[table])
    for name in (*SORTS[table], "random_7"):
        for direction in ("ASC", "DESC"):
            rows = sorted_rows(state, table, None, {"sort": name, "direction": direction}, SORTS[table], "id")
            assert sorted(row["id"] for row in rows) == everyone


def random_pages(visitor: Visitor, sort: str) -> list[list[str]]:
    query = "query($s:String){findScenes(filter:{sort:$s,per_page:-1}){scenes{id}}}"
    return [[one["id"] for one in visitor.ask(query, s=sort)["findScenes"]["scenes"]] for _ in range(8)]


def test_a_random_order_is_another_one_each_time_but_for_a_seed(visit: Visit) -> None:
    library = {"scenes": [{"id": number} for number in range(1, 40)]}
    visitor = visit(library=library)
    fresh, seeded = random_pages(visitor, "random"), random_pages(visitor, "random_7")
    assert len({tuple(page) for page in fresh}) == 8
    assert len({tuple(page) for page in seeded}) == 1
    assert all(sorted(map(int, page)) == list(range(1, 40)) for page in (*fresh, *seeded))


@pytest.mark.parametrize(
    ("sort", "reason"),
    [
        ("random_abc", "invalid random seed: abc"),
        ("random_", "invalid random seed: "),
        ("random_-1", "invalid random seed: -1"),
        ("randomly", "invalid sort: randomly"),
    ],
)
def test_a_seed_that_is_no_number_is_refused(visitor: Visitor, sort: str, reason: str) -> None:
    query = f'{{findScenes(filter:{{sort:"{sort}"}}){{count}}}}'
    refused = visitor.http.post("/graphql", json={"query": query}).json()
    assert refused["errors"][0]["message"] == reason


def test_equal_rows_are_in_the_same_order_in_both_directions(visitor: Visitor) -> None:
    for direction in ("ASC", "DESC"):
        query = f'{{findScenes(filter:{{sort:"rating",direction:{direction}}}){{scenes{{id}}}}}}'
        assert [scene["id"] for scene in visitor.ask(query)["findScenes"]["scenes"]] == ["2", "1", "3"]


def test_a_scene_is_found_by_the_hash_of_its_file(visitor: Visitor) -> None:
    found = visitor.ask(
        '{a:findSceneByHash(input:{oshash:"00000000000000b2"}){id} b:findSceneByHash(input:{oshash:"0"}){id}}'
    )
    assert found == {"a": {"id": "2"}, "b": None}


def test_scenes_are_found_by_a_pattern_of_their_path(visitor: Visitor) -> None:
    found = visitor.ask(r'{findScenesByPathRegex(filter:{q:"^/films/h.*\\.mp4$"}){count scenes{id}}}')
    assert found == {"findScenesByPathRegex": {"count": 1, "scenes": [{"id": "2"}]}}


def test_things_lead_to_each_other(visitor: Visitor) -> None:
    told = visitor.ask(
        '{findStudio(id:"1"){child_studios{name} scene_count deep:scene_count(depth:-1) performer_count(depth:1)}'
        ' findGallery(id:"1"){image_count cover{title} image(index:0){title}}'
        ' findPerformer(id:"1"){scenes{title} scene_count}}'
    )
    assert told == {
        "findStudio": {"child_studios": [{"name": "Harbour"}], "scene_count": 0, "deep": 1, "performer_count": 1},
        "findGallery": {"image_count": 1, "cover": {"title": "Gull"}, "image": {"title": "Gull"}},
        "findPerformer": {"scenes": [{"title": "Low tide"}], "scene_count": 1},
    }


def test_settings_of_plugins_are_replaced_as_a_whole(visitor: Visitor) -> None:
    for told in ({"word": "a", "other": [1]}, {"word": "b"}):
        visitor.ask('mutation($i:Map!){configurePlugin(plugin_id:"sense",input:$i)}', i=told)
    found = visitor.ask('{configuration{plugins(include:["sense","absent"])}}')
    assert found == {"configuration": {"plugins": {"sense": {"word": "b"}}}}


def test_no_plugins_are_null_and_those_that_are_installed_can_be_switched_off(visitor: Visitor) -> None:
    assert visitor.ask("{plugins{id}}") == {"plugins": None}
    visitor.stash.plugins["sense"] = {"id": "sense", "enabled": True}
    visitor.ask("mutation{setPluginsEnabled(enabledMap:{sense:false,absent:true})}")
    assert visitor.ask("{plugins{id enabled}}") == {"plugins": [{"id": "sense", "enabled": False}]}
