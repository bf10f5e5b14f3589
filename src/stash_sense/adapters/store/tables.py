"""The tables of stash_sense.db, as SQLAlchemy knows them; the migrations make them.

Moments are ISO 8601 text in UTC, values of any shape are JSON text: both mean the same in SQLite and PostgreSQL.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

METADATA = MetaData()

_WAITING = text("status IN ('pending', 'queued')")
_ACTIVE = text("status IN ('pending', 'queued', 'running', 'stopping')")
_OWNED = text("owner IS NOT NULL")

JOBS = Table(
    "job_queue",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("type", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    # What the queue is ordered by: earlier is smaller, see jobs.job.rank.
    Column("rank", Float, nullable=False),
    Column("resource", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("cursor", Text),
    Column("counters", Text, nullable=False, server_default="{}"),
    Column("phase", Text, nullable=False, server_default=""),
    Column("items_done", Integer, nullable=False, server_default="0"),
    Column("items_total", Integer),
    Column("error_code", Text),
    Column("error_message", Text),
    # How often it was begun; also tells an earlier run of a job from a later one.
    Column("attempts", Integer, nullable=False, server_default="0"),
    # How often in a row it failed or was lost without a checkpoint in between; `max_attempts` is their limit.
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("max_attempts", Integer, nullable=False),
    # Seconds since 1970.
    Column("not_before", Float),
    Column("triggered_by", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("started_at", Text),
    Column("completed_at", Text),
    Column("updated_at", Text, nullable=False),
    Column("stop_requested", Integer, nullable=False, server_default="0"),
    # Who runs it, until when of which start of the machine; an owner without a running status is an abandoned thread.
    Column("owner", Text),
    Column("lease_until", Float),
    Column("boot", Text),
    Column("result", Text),
    # Of two active jobs with one key there is only ever one.
    Column("dedupe_key", Text),
    CheckConstraint(
        "status IN ('pending', 'queued', 'running', 'stopping', 'completed', 'failed', 'cancelled')",
        name="job_queue_status",
    ),
    sqlite_autoincrement=True,  # a number is never given twice, whatever was pruned
)
Index("job_queue_waiting", JOBS.c.rank, JOBS.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
Index("job_queue_owned", JOBS.c.resource, sqlite_where=_OWNED, postgresql_where=_OWNED)
Index("job_queue_active", JOBS.c.dedupe_key, unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
Index("job_queue_by_status", JOBS.c.status, JOBS.c.id)
Index("job_queue_by_type", JOBS.c.type, JOBS.c.id)

SCHEDULES = Table(
    "job_schedules",
    METADATA,
    Column("type", Text, primary_key=True),
    Column("enabled", Integer, nullable=False),
    Column("interval_seconds", Float),
    Column("cron", Text),
    Column("timezone", Text, nullable=False),
    Column("jitter_seconds", Float, nullable=False, server_default="0"),
    Column("priority", Integer),
    # Seconds since 1970, both: they are compared with the clock, hours of a time zone are `cron`'s business.
    Column("last_run_at", Float),
    Column("next_run_at", Float),
)

USER_SETTINGS = Table(
    "user_settings",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
)

LIBRARY_CHANGES = Table(
    "library_changes",
    METADATA,
    # Grows: what changes again gets a new number, so that whoever has looked at the old one does not remove it.
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    # Empty where too many of the kind have changed to tell them one by one.
    Column("entity_id", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("at", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("library_changes_entity", LIBRARY_CHANGES.c.kind, LIBRARY_CHANGES.c.entity_id, unique=True)

RECOMMENDATIONS = Table(
    "recommendations",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("target_type", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    # Digest of what it says: the same is never said twice.
    Column("content", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    # Of a dismissal: nothing of this type is said about the target again, whatever it would be.
    Column("permanent", Integer, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("resolution_action", Text),
    Column("resolution_details", Text),
    Column("journal_group", Text),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("resolved_at", Text),
    CheckConstraint("status IN ('pending', 'resolved', 'dismissed')", name="recommendations_status"),
    sqlite_autoincrement=True,
)
_R = RECOMMENDATIONS.c
_PENDING = text("status = 'pending'")
Index("recommendations_content", _R.target_type, _R.target_id, _R.type, _R.content, unique=True)
Index(
    "recommendations_pending",
    _R.target_type,
    _R.target_id,
    _R.type,
    unique=True,
    sqlite_where=_PENDING,
    postgresql_where=_PENDING,
)
Index("recommendations_by_age", _R.status, _R.type, _R.id)
Index("recommendations_by_confidence", _R.status, _R.type, _R.confidence, _R.id)
Index("recommendations_by_change", _R.status, _R.type, _R.updated_at, _R.id)

RECOMMENDATION_COUNTS = Table(
    "recommendation_counts",
    METADATA,
    # Kept in step in the transactions that change recommendations: counting 100,000 takes longer than a page may.
    Column("type", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)

JOURNAL = Table(
    "journal",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("group_id", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # Empty as long as what is being created has no number.
    Column("target_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recommendation_id", Integer),
    Column("undoes", Integer),
    Column("undone_by", Integer),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("created_at", Text, nullable=False),
    Column("settled_at", Text),
    CheckConstraint("state IN ('intended', 'done', 'refused', 'uncertain')", name="journal_state"),
    sqlite_autoincrement=True,
)
_OPEN = text("state IN ('intended', 'uncertain')")
Index("journal_group", JOURNAL.c.group_id, JOURNAL.c.id)
Index("journal_target", JOURNAL.c.kind, JOURNAL.c.target_id, JOURNAL.c.id)
Index("journal_open", JOURNAL.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)

JOURNAL_PICTURES = Table(
    "journal_pictures",
    METADATA,
    # SHA-256 of the content.
    Column("digest", Text, primary_key=True),
    Column("content_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)


def _fingerprints(kind: str, faces: str) -> Table:
    """The table of what is remembered of scenes or images.

    The keys by which the program knows the columns are the same for both.
    """
    return Table(
        f"{kind}_fingerprints",
        METADATA,
        # Stash's own, which are numbers: so they are gone through, and forgotten, stretch by stretch.
        Column(f"stash_{kind}_id", Integer, key="number", primary_key=True, autoincrement=False),
        Column("fingerprint_status", Text, key="outcome", nullable=False),
        Column("db_version", Text, key="database", nullable=False),
        Column("content", Text, nullable=False),
        Column("pack", Text, nullable=False),
        Column("conditions", Text, nullable=False),
        Column("code", Text, nullable=False),
        # Of its faces in the file beside this one, which may be older or newer; none where it has none.
        Column("faces_key", BigInteger),
        Column("frames_analyzed", Integer, key="frames", nullable=False),
        Column(faces, Integer, key="faces", nullable=False),
        Column("unknown", Integer, nullable=False),
        Column("title", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("details", Text, nullable=False),
        Column("looked_at", Text),
        Column("matched_at", Text),
        CheckConstraint("fingerprint_status IN ('faces', 'no_face', 'failed')", name=f"{kind}_fingerprints_status"),
    )


def _fingerprint_faces(kind: str, items: Table, confidence: str, *more: Column[Any]) -> Table:
    """The table of who was named in scenes or images."""
    number = Column(f"stash_{kind}_id", Integer, ForeignKey(items.c.number, ondelete="CASCADE"), key="number")
    return Table(
        f"{kind}_fingerprint_faces",
        METADATA,
        number,
        # The most probable has 0.
        Column("place", Integer, nullable=False),
        Column("performer_id", Text, key="person_id", nullable=False),
        Column("name", Text, nullable=False),
        Column("face_count", Integer, nullable=False),
        Column("frame_count", Integer, nullable=False),
        Column("proportion", Float, nullable=False),
        Column(confidence, Float, key="confidence", nullable=False),
        Column("distance", Float, nullable=False),
        *more,
        Column("marks", Text, nullable=False),
        Column("rivals", Text, nullable=False),
        Column("reference", Text),
        PrimaryKeyConstraint(number, "place"),
    )


SCENE_FINGERPRINTS = _fingerprints("scene", "total_faces")
SCENE_FINGERPRINT_FACES = _fingerprint_faces("scene", SCENE_FINGERPRINTS, "avg_confidence")
IMAGE_FINGERPRINTS = _fingerprints("image", "faces_detected")
# The box of the best face.
_BOX = [Column(f"bbox_{side}", Float) for side in "xywh"]
IMAGE_FINGERPRINT_FACES = _fingerprint_faces("image", IMAGE_FINGERPRINTS, "confidence", *_BOX)
for _table in (SCENE_FINGERPRINTS, IMAGE_FINGERPRINTS):
    Index(f"{_table.name}_outcome", _table.c.outcome, _table.c.database)

IMAGE_FINGERPRINT_GALLERIES = Table(
    "image_fingerprint_galleries",
    METADATA,
    Column(
        "stash_image_id",
        Integer,
        ForeignKey(IMAGE_FINGERPRINTS.c.number, ondelete="CASCADE"),
        key="number",
        primary_key=True,
    ),
    Column("place", Integer, primary_key=True),
    Column("gallery_id", Text, nullable=False),
)
_G = IMAGE_FINGERPRINT_GALLERIES.c
Index("image_fingerprint_galleries_gallery", _G.gallery_id, _G.number)
