"""One performer and their faces, as the performers database keeps them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class StashBoxId:
    """Who a performer is at one stash-box endpoint: its domain, and the id there."""

    endpoint: str
    id: str


@dataclass(frozen=True, slots=True, order=True)
class Alias:
    """Another name; `source` is the domain it comes from, empty where nobody said."""

    name: str
    source: str = ""


@dataclass(frozen=True, slots=True, order=True)
class BodyMark:
    """A tattoo or piercing: where it is, and what it shows."""

    location: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class BodyProportions:
    """Ratios of a body; None where not measured. `confidence` is 0 to 1."""

    shoulder_hip_ratio: float | None
    leg_torso_ratio: float | None
    arm_span_height_ratio: float | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class TattooDetection:
    """What a detector made of a performer's pictures; `detections` is its own JSON text."""

    has_tattoos: bool
    confidence: float | None
    detections: str | None


@dataclass(frozen=True, slots=True)
class PerformerRecord:
    """Everything about one performer but their faces.

    Attributes:
        universal_id: `<endpoint domain>:<id there>`; unique in the database.
        name: shown unchanged.
        birth_date, death_date: ISO 8601, perhaps without day or month.
        upstream_updated_at: when the entry last changed where it comes from, as it says there.
    """

    universal_id: str
    name: str
    disambiguation: str | None = None
    gender: str | None = None
    country: str | None = None
    ethnicity: str | None = None
    birth_date: str | None = None
    death_date: str | None = None
    height_cm: int | None = None
    eye_color: str | None = None
    hair_color: str | None = None
    career_start_year: int | None = None
    career_end_year: int | None = None
    scene_count: int | None = None
    upstream_updated_at: str | None = None
    image_url: str | None = None
    stashbox_ids: tuple[StashBoxId, ...] = ()
    aliases: tuple[Alias, ...] = ()
    body: BodyProportions | None = None
    tattoos: tuple[BodyMark, ...] = ()
    piercings: tuple[BodyMark, ...] = ()
    tattoo_detection: TattooDetection | None = None
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReferencePicture:
    """The picture that a reference face was found in, as far as somebody can go and look at it.

    Attributes:
        source: domain it comes from, or "folder"; empty where nobody said.
        url: where it is on the web; None for one on somebody's disk.
        path: where it is on the disk; None where only the database is at hand.
        sha256: of its file, hex; None where the file was never at hand.
    """

    source: str = ""
    url: str | None = None
    path: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """One reference face.

    Attributes:
        image_hash: SHA-256 of the picture file it was found in, hex; None where the picture was never at hand.
        image_url: where that picture is; None for one on somebody's disk.
        source: domain it comes from, or "folder".
        quality: how much the face should count, above 0.
        yaw: degrees that the head is turned, where known.
    """

    image_hash: str | None = None
    image_url: str | None = None
    source: str = ""
    quality: float | None = None
    yaw: float | None = None
