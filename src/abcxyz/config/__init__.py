"""Configuration of a job in TOML: sources, settings, sinks."""

from abcxyz.config.adapters import Adapters, build
from abcxyz.config.job import Job, Part
from abcxyz.config.keys import TABLES, Key
from abcxyz.config.reader import parse_job, read_job

__all__ = ["TABLES", "Adapters", "Job", "Key", "Part", "build", "parse_job", "read_job"]
