"""Records of the sales of 1C: what they take by name only, compare, and show."""

from __future__ import annotations

from typing import Any

from tests.records import defaults, promises

#: A record that hides a field keeps secrets and what is known of customers out of messages; one
#: that is equal to itself alone holds arrays, or stands for a connection.
PROMISED: dict[str, set[str]] = {
    "lines.LineColumns": {"alone"},
}

#: What a call without an option means.
DEFAULTS: dict[str, dict[str, Any]] = {
    "checkpoint.Checkpoint": {"hours": 24.0},
    "customer_assignment.CustomerAssignment": {"by_documents": False},
    "read_plan.choose": {"orders": True},
    "records.Records": {"single_recorder": False},
}


def test_records_are_taken_compared_and_shown_as_promised() -> None:
    assert promises("abcxyz_onec.sales") == PROMISED


def test_options_that_are_left_out_mean_what_they_meant() -> None:
    assert defaults("abcxyz_onec.sales") == DEFAULTS
