"""Fields of scenes and of their files, and how scenes are found by their files."""

from stash_sense.fakes.stash.addresses import stamped
from stash_sense.fakes.stash.duplicates import duplicates
from stash_sense.fakes.stash.fields import Arguments, Context, of, query
from stash_sense.fakes.stash.lists import KINDS, answered, files_of
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State


def hash_of(state: State, row: Row) -> str:
    """Return the hash by which the sprite of a scene is named, "" for one without files."""
    wanted = "md5" if state.configuration.general.get("videoFileNamingAlgorithm") == "MD5" else "oshash"
    files = files_of(state, row)
    return next((own["value"] for own in files[0]["fingerprints"] if own["type"] == wanted), "") if files else ""


@of("Scene.paths")
def paths(row: Row, context: Context, _arguments: Arguments) -> Row:
    """Addresses of what belongs to a scene, whether it was generated or not."""
    scene, named = f"{context.base}/scene/{row['id']}", f"{context.base}/scene/{hash_of(context.state, row)}"
    key = context.state.configuration.general["apiKey"] if context.state.configuration.general["username"] else ""
    return {
        "screenshot": stamped(f"{scene}/screenshot", row),
        "preview": f"{scene}/preview",
        "stream": f"{scene}/stream" + (f"?apikey={key}" if key else ""),
        "webp": f"{scene}/webp",
        "vtt": f"{named}_thumbs.vtt",
        "sprite": f"{named}_sprite.jpg",
        "funscript": f"{scene}/funscript",
        "interactive_heatmap": f"{scene}/interactive_heatmap",
        "caption": f"{scene}/caption",
    }


@of("VideoFile.fingerprint", "ImageFile.fingerprint", "GalleryFile.fingerprint")
def fingerprint(row: Row, _context: Context, arguments: Arguments) -> str | None:
    """The first fingerprint of a type."""
    return next((own["value"] for own in row["fingerprints"] if own["type"] == arguments["type"]), None)


@query("findSceneByHash")
def by_hash(context: Context, arguments: Arguments) -> Row | None:
    """The first scene with a file of that hash."""
    told = arguments["input"]
    wanted = {("md5", told.get("checksum")), ("oshash", told.get("oshash"))}
    for row in context.state.tables["scenes"].values():
        for file in files_of(context.state, row):
            if any((own["type"], own["value"]) in wanted for own in file["fingerprints"]):
                return row
    return None


@query("findScenesByPathRegex")
def by_path(context: Context, arguments: Arguments) -> Row:
    """Scenes whose path matches the search as a regular expression."""
    asked = dict(arguments.get("filter") or {})
    pattern = {"path": {"value": "(?i)" + (asked.pop("q", None) or ""), "modifier": "MATCHES_REGEX"}}
    return answered(context, KINDS[0], {"scene_filter": pattern, "filter": asked})


@query("findDuplicateScenes")
def alike(context: Context, arguments: Arguments) -> list[list[Row]]:
    """Groups of scenes whose pictures are alike."""
    return duplicates(context.state, arguments.get("distance") or 0, arguments.get("duration_diff"))
