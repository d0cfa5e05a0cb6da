"""Records of the pipeline: what they take by name only, compare, and show."""

from __future__ import annotations

from tests.records import promises

#: A record that hides a field keeps secrets and what is known of customers out of messages; one
#: that is equal to itself alone holds arrays, or stands for a connection.
PROMISED: dict[str, set[str]] = {
    "outcome.Outcome": {"named"},
    "outcome.SinkOutcome": {"named"},
    "pilots.report.PilotStep": {"changes"},
    "pilots.steps._Pilot": {"changes", "hides redactor"},
    "raising.Raising": {"changes", "makes _entries", "makes _snoozed"},
    "task_target._Guarded": {"hides _redactor", "hides _target"},
    "write_guard.PlanCheck": {"changes", "makes plan"},
}


def test_records_are_taken_compared_and_shown_as_promised() -> None:
    assert promises("abcxyz.pipeline") == PROMISED
