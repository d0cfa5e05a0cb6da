"""A job of abcxyz as a DAG of Airflow 3: copy it to the folder of DAGs.

The variables ABCXYZ_JOB and ABCXYZ_COMMAND name the job and the command; abcxyz needs no place in
the environment of Airflow.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

RETRIED = (3, 124)  # another system failed or the job runs already; the time was up
DONE = (0, 10)  # 10: new alerts, with --alerts-exit-code


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=15)},
)
def abcxyz() -> None:
    """Classify the customers every morning."""

    @task
    def run() -> dict[str, Any]:
        """Run the job; an error of the job is not tried again, one of another system is."""
        command = shlex.split(os.environ.get("ABCXYZ_COMMAND", "abcxyz"))
        job = os.environ.get("ABCXYZ_JOB", "/srv/abcxyz/job.toml")
        options = ["--apply", "--yes", "--json", "--quiet", "--timeout", "2h"]
        done = subprocess.run(
            [*command, "run", job, *options], stdout=subprocess.PIPE, text=True, check=False
        )
        outcome: dict[str, Any] = json.loads(done.stdout)
        if done.returncode in DONE:
            return {"customers": outcome["summary"]["customers"], "alerts": len(outcome["alerts"])}
        reason = outcome["error"]["message"] if "error" in outcome else "a sink failed"
        if done.returncode in RETRIED:
            raise RuntimeError(reason)
        raise AirflowFailException(reason)

    run()


DAG = abcxyz()

if __name__ == "__main__":
    DAG.test()
