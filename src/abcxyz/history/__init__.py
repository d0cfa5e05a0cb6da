"""Store of snapshots and alerts in one SQLite file, kept by job, date and settings."""

from abcxyz.history.details import Details
from abcxyz.history.outbox import RaisedAlert
from abcxyz.history.records import CustomerState, SnapshotInfo
from abcxyz.history.schema import SCHEMA_VERSION
from abcxyz.history.store import History

__all__ = ["SCHEMA_VERSION", "CustomerState", "Details", "History", "RaisedAlert", "SnapshotInfo"]
