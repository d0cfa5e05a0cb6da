"""Optional protocols of a rule, which needs nothing but `Rule.cut`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from abcxyz.core.classes.rules import Cuts
from abcxyz.core.sums import Survey

__all__ = ["Signless", "SingleOrder", "SurveyRule", "is_signless", "single_order_is_z"]


@runtime_checkable
class SurveyRule(Protocol):
    """A rule that cuts a column of amounts already surveyed, which saves one pass over it."""

    def cut_survey(self, column: Survey) -> Cuts:
        """Return what `Rule.cut` returns for the classified values of the column."""
        ...


@runtime_checkable
class SingleOrder(Protocol):
    """A rule that decides whether a customer of a single order is Z; without it, yes."""

    @property
    def single_order(self) -> bool:
        """Whether one order makes a customer Z."""
        ...


@runtime_checkable
class Signless(Protocol):
    """A rule that decides how a coefficient of variation treats the sign of the mean."""

    @property
    def signless(self) -> bool:
        """Whether it is ``|s/m|``, and 0 where the mean is 0; without this property it is not."""
        ...


def single_order_is_z(rule: object, chosen: bool | None = None) -> bool:
    """Say whether one order makes a customer Z: as *chosen*, else as the rule says, else yes.

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
    """Say whether the rule takes coefficients of variation without a sign."""
    return isinstance(rule, Signless) and rule.signless
