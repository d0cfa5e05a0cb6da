"""Renewal model: the chance of no order within a horizon, from a customer's own rhythm."""

from __future__ import annotations

import math

import numpy as np

from abcxyz._arrays import Floats

__all__ = ["lapse_log_odds", "normal_tail"]

_LEAVING = 6e-4  # chance per day that a customer has left for good; the scale is calibrated later
_PAUSE = 0.03  # share of gaps that are prolonged by a pause (holidays, full stock)
_PAUSE_GAPS = 3.0  # length of such a pause, in mean gaps
_LEAST = 1e-6


def normal_tail(z: Floats) -> Floats:
    """Return the upper tail of the standard normal distribution.

    Notes
    -----
    Rational approximation of Mills' ratio between the bounds of Birnbaum (1942) and Sampford
    (1953), 2 / (z + sqrt(z^2 + 8 / pi)) for z >= 0: exact at 0, and up to 6 % too large beyond.

    Examples
    --------
    >>> normal_tail(np.array([-1.0, 0.0, 1.0, 3.0])).round(4).tolist()
    [0.8322, 0.5, 0.1678, 0.0014]
    """
    size = np.abs(z)
    density = np.exp(-0.5 * size * size) / math.sqrt(2 * math.pi)
    tail = density * 2 / (size + np.sqrt(size * size + 8 / math.pi))
    result: Floats = np.where(z >= 0, tail, 1 - tail)
    return result


def lapse_log_odds(silence: Floats, mean_gap: Floats, shape: Floats, horizon: float) -> Floats:
    """Return the log-odds that a customer orders nothing within the horizon.

    Parameters
    ----------
    silence
        (n,) days since the last order; NaN if unknown.
    mean_gap
        (n,) mean days between orders.
    shape
        (n,) shape of the gamma distribution of the gaps: 1 / (coefficient of variation)^2.
    horizon
        Days.

    Notes
    -----
    Gaps follow a gamma distribution, whose tail is that of a normal deviate of the cube root
    (Wilson and Hilferty 1931); a few are prolonged by a pause that ends by itself. Leaving has a
    constant small chance per day. With *S(t)* the share of gaps longer than *t*, a customer who
    has been silent for *s* days has left with the probability ``ls / (ls + S(s))``; one who has
    not is silent for the horizon as well with ``S(s + H) / S(s)``. The scale of these odds is no
    fact about a company: they are calibrated against its past before they are shown.
    """
    steps = 3 * np.sqrt(shape)
    center = 1 - 1 / (9 * shape)

    def longer(days: Floats) -> Floats:
        """Return the share of gaps longer than so many days."""
        plain = (np.cbrt(np.maximum(days, 0) / mean_gap) - center) * steps
        rest = np.maximum(days - _PAUSE_GAPS * mean_gap, 0)
        paused = (np.cbrt(rest / mean_gap) - center) * steps
        share: Floats = (1 - _PAUSE) * normal_tail(plain) + _PAUSE * normal_tail(paused)
        return share

    now = longer(silence)
    left = _LEAVING * silence + _LEAST
    left = left / (left + now)
    quiet = np.minimum(longer(silence + horizon) / np.maximum(now, 1e-300), 1.0)
    leaving = np.minimum(_LEAVING * mean_gap, 1.0)
    chance = left + (1 - left) * (quiet + (1 - quiet) * leaving)
    chance = np.clip(chance, _LEAST, 1 - _LEAST)
    odds: Floats = np.log(chance / (1 - chance))
    return odds
