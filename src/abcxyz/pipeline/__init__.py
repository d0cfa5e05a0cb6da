"""Jobs: the reading and writing around `analyze`."""

from abcxyz.pipeline.outcome import ALERTS_EXIT_CODE, Outcome, SinkOutcome
from abcxyz.pipeline.preflight import Checked, check
from abcxyz.pipeline.progress import RunProgress
from abcxyz.pipeline.reading import Reading
from abcxyz.pipeline.runner import run

__all__ = [
    "ALERTS_EXIT_CODE",
    "Checked",
    "Outcome",
    "Reading",
    "RunProgress",
    "SinkOutcome",
    "check",
    "run",
]
