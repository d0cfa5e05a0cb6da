"""Pipeline of a job: reading, `analyze`, enrichment, history and writing."""

from abcxyz.pipeline.outcome import ALERTS_EXIT_CODE, Outcome, SinkOutcome
from abcxyz.pipeline.pilots.report import PilotReport, PilotStep
from abcxyz.pipeline.pilots.steps import pilot, restore_pilot
from abcxyz.pipeline.preflight import Checked, check
from abcxyz.pipeline.reading import Reading
from abcxyz.pipeline.runner import run
from abcxyz.progress import RunProgress

__all__ = [
    "ALERTS_EXIT_CODE",
    "Checked",
    "Outcome",
    "PilotReport",
    "PilotStep",
    "Reading",
    "RunProgress",
    "SinkOutcome",
    "check",
    "pilot",
    "restore_pilot",
    "run",
]
