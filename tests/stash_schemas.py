"""The schemas that documents must fit: of Stash 0.31, of 0.30 as derived from it, of a recorded server, of ours."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
)
from tests.exchanges import RECORDING, recorded

from stash_sense.fakes.stash.profiles import Profile, schema_of

_NOT_IN_0_30 = """
BackupDatabaseInput includeBlobs
BulkGalleryUpdateInput custom_fields
BulkGroupUpdateInput custom_fields date synopsis
BulkImageUpdateInput custom_fields
BulkPerformerUpdateInput career_end career_start
BulkSceneUpdateInput custom_fields
BulkStudioUpdateInput organized
CleanMetadataInput ignoreZipFileContents
ConfigGeneralInput maximumSprites minimumSprites spriteInterval spriteScreenshotSize useCustomSpriteInterval
ConfigGeneralResult maximumSprites minimumSprites spriteInterval spriteScreenshotSize useCustomSpriteInterval
ConfigInterfaceInput disableCustomizations
ConfigInterfaceResult disableCustomizations
DuplicationCriterionInput distance duplicated phash stash_id title url
FileDuplicationCriterionInput distance duplicated phash
Folder basename parent_folders sub_folders
FolderFilterType basename
Gallery custom_fields
GalleryCreateInput custom_fields
GalleryDestroyInput destroy_file_entry
GalleryFilterType custom_fields parent_folder
GalleryUpdateInput custom_fields
GenerateMetadataInput galleryIDs imageIDs imagePhashes paths
Group custom_fields
GroupCreateInput custom_fields
GroupFilterType custom_fields scene_count
GroupUpdateInput custom_fields
IdentifyMetadataOptions performerGenders
IdentifyMetadataOptionsInput performerGenders
Image custom_fields
ImageDestroyInput destroy_file_entry
ImageFilterType custom_fields phash_distance
ImageUpdateInput custom_fields
ImagesDestroyInput destroy_file_entry
Mutation destroyFiles revealFileInFileManager revealFolderInFileManager stashBoxBatchTagTag performerMerge
Performer career_end career_start
PerformerCreateInput career_end career_start
PerformerFilterType career_end career_start marker_count markers_filter stash_ids_endpoint
PerformerUpdateInput career_end career_start
ScanMetadataInput scanGenerateImagePhashes
ScanMetadataOptions scanGenerateImagePhashes
Scene custom_fields
SceneCreateInput custom_fields
SceneDestroyInput destroy_file_entry
SceneFilterType custom_fields stash_id_count stash_ids_endpoint
SceneUpdateInput custom_fields
ScenesDestroyInput destroy_file_entry
ScrapedPerformer career_end career_start
ScrapedPerformerInput career_end career_start
ScrapedTag alias_list description parent
StashIDsCriterionInput endpoint modifier stash_ids
Studio custom_fields organized
StudioCreateInput custom_fields organized
StudioFilterType custom_fields group_count groups_filter organized stash_ids_endpoint
StudioUpdateInput custom_fields organized
Tag custom_fields
TagCreateInput custom_fields
TagFilterType custom_fields groups_filter markers_filter performers_filter stash_ids_endpoint studios_filter
TagUpdateInput custom_fields
TagsMergeInput values
"""
"""Each type, and its fields that 0.31 brought."""


def schemas() -> Iterator[str]:
    """Name every schema."""
    yield from ("0.31", "0.30", "recorded", *(f"simulated {profile.value}" for profile in Profile))


@cache
def schema(name: str) -> GraphQLSchema:
    """Return a schema by its name; skips the test where it is not at hand."""
    if name == "0.31":
        return build_client_schema(json.loads(_published().read_text())["data"])
    if name == "0.30":
        return _without(build_client_schema(json.loads(_published().read_text())["data"], assume_valid=True))
    if name == "recorded":
        if not RECORDING.is_dir():
            pytest.skip(f"the recorded schema is not in {RECORDING}")
        return build_client_schema(recorded("stash-0.30.1-develop.introspection.json"))
    return schema_of(Profile(name.removeprefix("simulated ")))


def has_field(schema_: GraphQLSchema, field: str) -> bool:
    """Whether a schema has a field, written `Type.field`."""
    kind, _, name = field.partition(".")
    found = schema_.get_type(kind)
    return isinstance(found, GraphQLObjectType | GraphQLInputObjectType) and name in found.fields


def _published() -> Path:
    spec = find_spec("stashapp_client")
    if spec is None or spec.origin is None:
        pytest.skip("stashapp-client, which carries the schema of Stash 0.31, is not installed")
    return Path(spec.origin).parent / "generated" / "schema.json"


def _without(newer: GraphQLSchema) -> GraphQLSchema:
    """Take away what 0.31 brought."""
    for line in _NOT_IN_0_30.strip().splitlines():
        kind, *fields = line.split()
        found = newer.get_type(kind)
        if not isinstance(found, GraphQLObjectType | GraphQLInputObjectType | GraphQLInterfaceType):
            raise TypeError(f"{kind} is not there")
        for field in fields:
            del found.fields[field]
    enum = newer.type_map.pop("CircumcisedEnum")
    if not isinstance(enum, GraphQLEnumType):
        raise TypeError("CircumcisedEnum is no enum")
    enum.name = "CircumisedEnum"
    newer.type_map["CircumisedEnum"] = enum
    del newer.type_map["PerformerMergeInput"]
    return newer
