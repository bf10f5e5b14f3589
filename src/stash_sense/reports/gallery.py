"""Who is in a gallery, as a table for a terminal; printing it is the caller's."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stash_sense.identification.library_result import GalleryPerson, IdentifiedGallery
from stash_sense.identification.result import Identification
from stash_sense.reports.table import file_report
from stash_sense.reports.wording import counted, percent, visible

_DISTANCE = "{:.3f}"


def gallery_report(gallery: IdentifiedGallery, failed: Sequence[Identification]) -> RenderableType:
    """Return what there is to say about a gallery: its people, and the images that could not be looked at."""
    facts = f"{counted(gallery.total_images, 'image')}, {counted(gallery.faces_detected, 'face')}"
    heading = Group(
        Text(f"gallery {visible(gallery.id)}", style="bold"), Padding(Text(facts, style="dim"), (0, 0, 0, 2))
    )
    if gallery.persons:
        content: RenderableType = _people(gallery.persons)
    else:
        content = Text("Nobody was recognised.", style="dim")
    return Group(heading, Padding(content, (0, 0, 1, 2), expand=False), *map(file_report, failed))


def _people(persons: Sequence[GalleryPerson]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("person", overflow="fold", min_width=8)
    for title in ("images", "probability", "nearest", "mean"):
        table.add_column(title, justify="right", min_width=6)
    for person in persons:
        name = Text(visible(person.name), style="bold", overflow="fold")
        if person.tagged:
            name.append(" (tagged)", style="dim")
        distances = (_DISTANCE.format(person.best_distance), _DISTANCE.format(person.mean_distance))
        table.add_row(name, f"{len(person.image_ids):,}", percent(person.probability), *distances)
    return table
