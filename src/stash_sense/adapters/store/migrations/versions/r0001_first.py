"""Everything that the first version keeps: jobs, their schedules, the user's settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "job_queue",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("counters", sa.Text(), server_default="{}", nullable=False),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("items_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items_total", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=True),
        sa.Column("triggered_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.Column("stop_requested", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("boot", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'queued', 'running', 'stopping', 'completed', 'failed', 'cancelled')",
            name="job_queue_status",
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "job_queue_active",
        "job_queue",
        ["dedupe_key"],
        unique=True,
        sqlite_where=sa.text("status IN ('pending', 'queued', 'running', 'stopping')"),
        postgresql_where=sa.text("status IN ('pending', 'queued', 'running', 'stopping')"),
    )
    op.create_index("job_queue_by_status", "job_queue", ["status", "id"], unique=False)
    op.create_index("job_queue_by_type", "job_queue", ["type", "id"], unique=False)
    op.create_index(
        "job_queue_owned",
        "job_queue",
        ["resource"],
        unique=False,
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.create_index(
        "job_queue_waiting",
        "job_queue",
        ["rank", "id"],
        unique=False,
        sqlite_where=sa.text("status IN ('pending', 'queued')"),
        postgresql_where=sa.text("status IN ('pending', 'queued')"),
    )
    op.create_table(
        "job_schedules",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Integer(), nullable=False),
        sa.Column("interval_seconds", sa.Float(), nullable=True),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("jitter_seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("last_run_at", sa.Float(), nullable=True),
        sa.Column("next_run_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("type"),
    )
    op.create_table(
        "user_settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
