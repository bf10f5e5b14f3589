"""Fields that lead from one thing to others: lists of rows, and how many there are."""

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash import addresses
from stash_sense.fakes.stash.fields import Arguments, Context, Field, of
from stash_sense.fakes.stash.filter_keys import descendants, ids_in
from stash_sense.fakes.stash.finding import natural
from stash_sense.fakes.stash.rows import Row


def _rows(table: str, column: str, *, by_name: bool = False) -> Field:
    def answer(row: Row, context: Context, _arguments: Arguments) -> list[Row]:
        found = context.state.rows(table, list(ids_in(row[column])))
        return sorted(found, key=lambda other: natural(other["name"]) or ()) if by_name else found

    return answer


def _one(table: str, column: str) -> Field:
    def answer(row: Row, context: Context, _arguments: Arguments) -> Row | None:
        return None if row[column] is None else context.state.tables[table][row[column]]

    return answer


def _back(table: str, column: str) -> Field:
    def answer(row: Row, context: Context, _arguments: Arguments) -> list[Row]:
        return context.state.rows(table, context.state.referring(table, column).get(row["id"], []))

    return answer


def _count(table: str, column: str) -> Field:
    return lambda row, context, _arguments: len(context.state.referring(table, column).get(row["id"], ()))


def _count_below(own: str, parent: str, table: str, column: str) -> Field:
    """Count what refers to a studio or tag, or to those below it as deep as is asked for."""

    def answer(row: Row, context: Context, arguments: Arguments) -> int:
        state, referring = context.state, context.state.referring(table, column)
        if not arguments.get("depth"):
            return len(referring.get(row["id"], ()))
        ids = descendants(state, own, parent, row["id"], arguments["depth"])
        return len({other for one in ids for other in referring.get(one, ())})

    return answer


def _picture(kind: str) -> Field:
    return lambda row, context, _arguments: addresses.picture(context.base, kind, row)


for _name in ("Scene", "Image", "Gallery"):
    of(f"{_name}.performers")(_rows("performers", "performers"))
    of(f"{_name}.tags")(_rows("tags", "tags", by_name=True))
    of(f"{_name}.studio")(_one("studios", "studio"))
for _name in ("Performer", "Studio"):
    of(f"{_name}.tags")(_rows("tags", "tags", by_name=True))

of("Scene.files", "Image.visual_files", "Gallery.files")(_rows("files", "files"))
of("Scene.galleries", "Image.galleries")(_rows("galleries", "galleries"))

of("Gallery.scenes")(_back("scenes", "galleries"))
of("Gallery.folder")(_one("folders", "folder"))
of("Gallery.image_count")(_count("images", "galleries"))

of("Performer.alias_list")(lambda row, _context, _arguments: sorted(row["aliases"]))
of("Performer.image_path")(_picture("performer"))
of("Performer.scenes")(_back("scenes", "performers"))
for _field, _table in (("scene_count", "scenes"), ("image_count", "images"), ("gallery_count", "galleries")):
    of(f"Performer.{_field}")(_count(_table, "performers"))
    of(f"Studio.{_field}")(_count_below("studios", "parent", _table, "studio"))
    of(f"Tag.{_field}")(_count_below("tags", "parents", _table, "tags"))

of("Studio.image_path")(_picture("studio"))
of("Studio.parent_studio")(_one("studios", "parent"))
of("Studio.child_studios")(_back("studios", "parent"))

of("Tag.image_path")(_picture("tag"))
of("Tag.parents")(_rows("tags", "parents", by_name=True))
of("Tag.children")(_back("tags", "parents"))
of("Tag.parent_count")(lambda row, _context, _arguments: len(row["parents"]))
of("Tag.child_count")(_count("tags", "parents"))
of("Tag.performer_count")(_count_below("tags", "parents", "performers", "tags"))
of("Tag.studio_count")(_count_below("tags", "parents", "studios", "tags"))


@of("Studio.performer_count")
def performers_of_studio(row: Row, context: Context, arguments: Arguments) -> int:
    """How many performers are in its scenes, images and galleries."""
    state = context.state
    studios = descendants(state, "studios", "parent", row["id"], arguments.get("depth"))
    found = set()
    for table in ("scenes", "images", "galleries"):
        referring = state.referring(table, "studio")
        for studio in studios:
            for other in state.rows(table, referring.get(studio, [])):
                found.update(other["performers"])
    return len(found)


@of("Image.paths")
def paths_of_image(row: Row, context: Context, _arguments: Arguments) -> Row:
    """Addresses of an image; only clips have a preview."""
    image = f"{context.base}/image/{row['id']}"
    return {
        "thumbnail": addresses.stamped(f"{image}/thumbnail", row),
        "preview": "",
        "image": addresses.stamped(f"{image}/image", row),
    }


@of("Gallery.paths")
def paths_of_gallery(row: Row, context: Context, _arguments: Arguments) -> Row:
    """Addresses of a gallery."""
    gallery = f"{context.base}/gallery/{row['id']}"
    return {"cover": addresses.stamped(f"{gallery}/cover", row), "preview": f"{gallery}/preview"}


@of("Gallery.cover")
def cover(row: Row, context: Context, _arguments: Arguments) -> Row | None:
    """The image that stands for a gallery: the chosen one, or its first."""
    state = context.state
    own = state.referring("images", "galleries").get(row["id"], [])
    chosen = row["cover"] if row["cover"] in own else next(iter(own), None)
    return None if chosen is None else state.tables["images"][chosen]


@of("Gallery.image")
def image_at(row: Row, context: Context, arguments: Arguments) -> Row:
    """The image at a place of the gallery."""
    own, index = context.state.referring("images", "galleries").get(row["id"], []), arguments["index"]
    if not 0 <= index < len(own):
        raise ResolverError(f"image not found at index {index}")
    return context.state.tables["images"][own[index]]


@of("VisualFile")
def _kind(row: Row, _context: Context, _arguments: Arguments) -> str:
    return "VideoFile" if row["kind"] == "video" else "ImageFile"
