"""Lapse risk: the probability that a customer orders nothing within the horizon."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Floats, Ints, freeze, frozen_map
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.landmarks.features import TRENDS, Features, features_at
from abcxyz.core.landmarks.fit import LEARNED, Evidence, LandmarkFit, fit_landmarks
from abcxyz.core.landmarks.model import LEAST_EVENTS, LEAST_ROWS, Judged
from abcxyz.core.landmarks.order_history import OrderHistory, collect_orders, day_number
from abcxyz.core.landmarks.reasons import pushes_of, reason
from abcxyz.core.landmarks.sample import STEP, landmark_days, past_examples, sample_rows
from abcxyz.core.sales.calendar import as_day
from abcxyz.core.sales.panel import aggregate
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz.core.snapshots.classify_panel import classes_of
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import Message, message, translate

__all__ = ["LAPSE_BASES", "LapseRisk", "Standing", "default_horizon", "lapse_risk", "lapse_of"]
