"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one step on."""
    ${upgrades if upgrades else "raise NotImplementedError"}


def downgrade() -> None:
    """Go one step back."""
    ${downgrades if downgrades else "raise NotImplementedError"}
