"""Records of the history: what they take by name only, compare, and show."""

from __future__ import annotations

from typing import Any

from tests.records import defaults, promises

#: A record that hides a field keeps secrets and what is known of customers out of messages; one
#: that is equal to itself alone holds arrays, or stands for a connection.
PROMISED: dict[str, set[str]] = {
    "details.Details": {"has no hash", "named"},
    "outbox.RaisedAlert": {"named"},
    "records.CustomerState": {"named"},
    "records.SnapshotInfo": {"named"},
}

#: What a call without an option means.
DEFAULTS: dict[str, dict[str, Any]] = {
    "database.Database": {"read_only": False},
    "outbox.Outbox.raise_alerts": {"sinks": ("",)},
    "packed.columns.read_state": {"near": 0},
    "packed.encoding.place_of": {"near": 0},
    "records.SnapshotInfo": {"forgotten": 0},
    "results.Results.abc_by_date": {"most": 1000},
    "results.Results.past_classes": {"most": 24},
    "results.Results.past_results": {"most": 24},
    "store.History": {"create": True, "timeout": 30.0, "read_only": False},
    "upkeep.Upkeep.erase": {"dry_run": False},
}


def test_records_are_taken_compared_and_shown_as_promised() -> None:
    assert promises("abcxyz.history") == PROMISED


def test_options_that_are_left_out_mean_what_they_meant() -> None:
    assert defaults("abcxyz.history") == DEFAULTS
