"""Store of snapshots in one SQLite file: one row per customer, date and settings."""

from abcxyz.history.database import SCHEMA_VERSION
from abcxyz.history.store import CustomerState, History, SnapshotInfo

__all__ = ["SCHEMA_VERSION", "CustomerState", "History", "SnapshotInfo"]
