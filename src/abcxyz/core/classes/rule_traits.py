"""Optional protocols of a rule; only `Rule.cut` is required."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from abcxyz.core.classes.rules import Cuts
from abcxyz.core.sums import Survey

__all__ = ["Signless", "SingleOrder", "SurveyRule", "is_signless", "single_order_is_z"]


@runtime_checkable
class SurveyRule(Protocol):
    """A rule that accepts precomputed statistics of a column, which saves one pass over it."""

    def cut_survey(self, column: Survey) -> Cuts:
        """Return what `Rule.cut` returns for the classified values of the column."""
        ...


@runtime_checkable
class SingleOrder(Protocol):
    """A rule that decides whether a customer with a single order is Z; the default is yes."""

    @property
    def single_order(self) -> bool:
        """Whether one order makes a customer Z."""
        ...


@runtime_checkable
class Signless(Protocol):
    """A rule that decides how a coefficient of variation treats the sign of the mean."""

    @property
    def signless(self) -> bool:
        """Whether the CV is ``|s/m|``, and 0 where the mean is 0; the default is False."""
        ...


def single_order_is_z(rule: object, chosen: bool | None = None) -> bool:
    """Return whether one order makes a customer Z: *chosen*, else the rule's choice, else True.

    Examples
    --------
    >>> from abcxyz.core.classes.rules import CumulativeMean, Tangent
    >>> single_order_is_z(Tangent()), single_order_is_z(CumulativeMean())
    (True, False)
    """
    if chosen is not None:
        return chosen
    return rule.single_order if isinstance(rule, SingleOrder) else True


def is_signless(rule: object) -> bool:
    """Return whether the rule ignores the sign of the mean in coefficients of variation."""
    return isinstance(rule, Signless) and rule.signless
