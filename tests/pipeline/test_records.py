"""Records of the pipeline: what they take by name only, compare, and show."""

from __future__ import annotations

from typing import Any

from tests.records import defaults, promises

#: A record that hides a field keeps secrets and what is known of customers out of messages; one
#: that is equal to itself alone holds arrays, or stands for a connection.
PROMISED: dict[str, set[str]] = {
    "outcome.Outcome": {"named"},
    "outcome.SinkOutcome": {"named"},
    "pilots.report.PilotStep": {"changes", "has no hash"},
    "raising.Raising": {"changes", "has no hash", "makes _entries", "makes _snoozed"},
    "write_guard.PlanCheck": {"changes", "has no hash", "makes plan"},
}

#: What a call without an option means.
DEFAULTS: dict[str, dict[str, Any]] = {
    "enrich.score_leads": {"strict": False},
    "forget.forget": {"dry_run": False},
    "outcome.Outcome": {"saved": False},
    "outcome.Outcome.exit_code": {"alerts": False},
    "pilots.report.PilotStep": {"seconds": 0.0},
    "runner.run": {"apply": False},
}


def test_records_are_taken_compared_and_shown_as_promised() -> None:
    assert promises("abcxyz.pipeline") == PROMISED


def test_options_that_are_left_out_mean_what_they_meant() -> None:
    assert defaults("abcxyz.pipeline") == DEFAULTS
