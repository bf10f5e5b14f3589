"""What is remembered of scenes and images that were looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    _make("scene", faces="total_faces", confidence="avg_confidence", boxes=False)
    _make("image", faces="faces_detected", confidence="confidence", boxes=True)
    op.create_table(
        "image_fingerprint_galleries",
        sa.Column("stash_image_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("gallery_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stash_image_id", "place"),
        sa.ForeignKeyConstraint(["stash_image_id"], ["image_fingerprints.stash_image_id"], ondelete="CASCADE"),
    )
    op.create_index(
        "image_fingerprint_galleries_gallery", "image_fingerprint_galleries", ["gallery_id", "stash_image_id"]
    )


def _make(kind: str, *, faces: str, confidence: str, boxes: bool) -> None:
    items, number = f"{kind}_fingerprints", f"stash_{kind}_id"
    op.create_table(
        items,
        sa.Column(number, sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint_status", sa.Text(), nullable=False),
        sa.Column("db_version", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("faces_key", sa.BigInteger(), nullable=True),
        sa.Column("frames_analyzed", sa.Integer(), nullable=False),
        sa.Column(faces, sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Text(), nullable=True),
        sa.Column("matched_at", sa.Text(), nullable=True),
        sa.CheckConstraint("fingerprint_status IN ('faces', 'no_face', 'failed')", name=f"{items}_status"),
        sa.PrimaryKeyConstraint(number),
    )
    op.create_index(f"{items}_outcome", items, ["fingerprint_status", "db_version"])
    box = [sa.Column(f"bbox_{side}", sa.Float(), nullable=True) for side in "xywh"] if boxes else []
    op.create_table(
        f"{kind}_fingerprint_faces",
        sa.Column(number, sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("performer_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("face_count", sa.Integer(), nullable=False),
        sa.Column("frame_count", sa.Integer(), nullable=False),
        sa.Column("proportion", sa.Float(), nullable=False),
        sa.Column(confidence, sa.Float(), nullable=False),
        sa.Column("distance", sa.Float(), nullable=False),
        *box,
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("rivals", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(number, "place"),
        sa.ForeignKeyConstraint([number], [f"{items}.{number}"], ondelete="CASCADE"),
    )
