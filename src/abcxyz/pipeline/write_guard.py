"""Guard against writes that would wipe classes by mistake."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from abcxyz.config import Part
from abcxyz.errors import ConfigError
from abcxyz.plugins import WritePlan

__all__ = ["Confirm", "PlanCheck"]

_ASK_ABOVE = 0.5  # share of changed classes above which consent is needed

Confirm = Callable[[str, WritePlan], bool]
"""Called with the name of a sink and its plan; returns whether to write."""


@define
class PlanCheck:
    """Check of the plan of one write.

    Parameters
    ----------
    part
        The sink in the job.
    confirm
        Asks for consent if over half of the classes would change; None does without.
    dry_run
        Nothing will be written, so nothing is asked.
    plan
        The plan, once it is known.
    """

    part: Part
    confirm: Confirm | None
    dry_run: bool
    plan: WritePlan | None = field(default=None, init=False)

    def __call__(self, plan: WritePlan) -> None:
        """Check a plan.

        Raises
        ------
        ConfigError
            Too few customers have a card, or the user did not consent.
        """
        self.plan = plan
        plan.check_matched(self.part.max_unmatched)
        if self.dry_run or self.confirm is None or plan.changed_share <= _ASK_ABOVE:
            return
        if not self.confirm(self.part.label, plan):
            raise ConfigError(
                "{changed} of {classified} {classified:card|cards} would change "
                "{changed:its|their} class, {cleared} of them would lose it; nothing was "
                "written, repeat with --yes if that is right",
                changed=plan.changed,
                classified=plan.classified,
                cleared=plan.cleared,
            )
