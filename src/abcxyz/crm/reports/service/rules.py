"""Rules of service: what starts the clock, and how long it may run."""

from __future__ import annotations

from attrs import field, frozen

from abcxyz.errors import InputError

__all__ = ["CLOCKS", "RULES", "STARTS", "ServiceRule"]

STARTS = ("lead", "visit", "proposal")
"""What starts the clock: a new lead, the end of a visit, a proposal."""

CLOCKS = ("working", "elapsed")
"""Clocks: working hours, or all hours, whose end is moved off days that are closed."""


@frozen
class ServiceRule:
    """One rule of service.

    Parameters
    ----------
    name
        Name of the rule.
    starts
        One of `STARTS`. A visit ends as a done meeting of the deal, or as the deal leaves the
        stage *visit*; a proposal is a letter after the visit, or entering the stage *proposal*.
    hours
        The limit.
    clock
        ``working`` or ``elapsed``.
    visit, proposal
        Names of these stages; empty where there is none.
    """

    name: str = field(metadata={"help": "name of the rule"})
    starts: str = field(metadata={"help": "what starts the clock", "choices": STARTS})
    hours: float = field(metadata={"help": "the limit in hours"})
    clock: str = field(
        default=CLOCKS[0],
        metadata={"help": "working hours, or all hours", "choices": CLOCKS},
    )
    visit: str = field(default="", metadata={"help": "stage of the visit"})
    proposal: str = field(default="", metadata={"help": "stage of the proposal"})

    def __attrs_post_init__(self) -> None:
        for value, known, what in (
            (self.starts, STARTS, "start"),
            (self.clock, CLOCKS, "clock"),
        ):
            if value not in known:
                raise InputError(
                    "the rule {name!r} has the {what} {value!r}; use one of {known}",
                    name=self.name,
                    what=what,
                    value=value,
                    known=", ".join(known),
                )
        if not self.hours > 0:
            raise InputError(
                "the rule {name!r} has a limit of {hours} hours; give more than 0",
                name=self.name,
                hours=self.hours,
            )


RULES = (
    ServiceRule("answer", "lead", 2.0),
    ServiceRule("proposal", "visit", 4.0, visit="VISIT", proposal="PROPOSAL"),
    ServiceRule("call", "proposal", 24.0, "elapsed", visit="VISIT", proposal="PROPOSAL"),
)
"""Usual rules: an answer within 2 working hours, a proposal within 4, a call within 24 hours."""
