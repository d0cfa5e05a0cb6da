"""Jobs carried out: the thin shell that does the reading and writing around `analyze`."""

from abcxyz.pipeline.progress import Watch
from abcxyz.pipeline.reading import Reading
from abcxyz.pipeline.runner import (
    ALERTS_EXIT_CODE,
    Checked,
    Outcome,
    SinkOutcome,
    check,
    run,
)

__all__ = [
    "ALERTS_EXIT_CODE",
    "Checked",
    "Outcome",
    "Reading",
    "SinkOutcome",
    "Watch",
    "check",
    "run",
]
