"""What a public release may cost to read, and how its files are called."""

from dataclasses import dataclass

MANIFEST = "manifest.json"
PEOPLE = "performers.db"
NAMES = "performers.json"
OWNERS = "faces.json"
REQUIRED = (PEOPLE, "face_facenet.voy", "face_arcface.voy", OWNERS, NAMES, MANIFEST)


@dataclass(frozen=True, slots=True)
class PublicLimits:
    """Bounds for reading a public release; each is several times what the largest one has, with 366,794 faces."""

    archive_entries: int = 10_000
    """Entries of the zip; releases have nine at most."""
    directory_bytes: int = 4 * 1024 * 1024
    """Of the zip's list of entries, which is read at once."""
    manifest_bytes: int = 1024 * 1024
    """Of `manifest.json`, which is read at once."""
    file_bytes: int = 4 * 1024 * 1024 * 1024
    """Of any other file, unpacked; the largest have some 800 MB."""
    faces: int = 5_000_000
    """Entries of `faces.json`, and vectors of an index."""
    performers: int = 2_000_000
    """Entries of `performers.json`, and rows of the table of performers; of other tables ten for each."""
    faces_of_performer: int = 5_000
    """Faces of one performer, the first ones: those of one person are held in memory together."""
    facts_of_performer: int = 500
    """Aliases of one performer, and likewise ids, tattoos, piercings and links; the first ones."""
    text_bytes: int = 1024 * 1024
    """Of one field in the tables."""
