"""Writing of cards: the most valuable first, checked by the returned item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field

from abcxyz.errors import AdapterError
from abcxyz.toolkit.catalogue import translate
from abcxyz_bitrix.cards.comparison import Work, Write
from abcxyz_bitrix.cards.own_fields import none_value
from abcxyz_bitrix.rest.auth_errors import AccessDeniedError
from abcxyz_bitrix.rest.batch import Client, Outcome
from abcxyz_bitrix.rest.dialect import Answer, as_map
from abcxyz_bitrix.rest.limits import Budget
from abcxyz_bitrix.rest.refusals import concerns_one
from abcxyz_bitrix.words import text

__all__ = ["CardWriter"]


@define
class CardWriter:
    """Writer of the cards of one run.

    Parameters
    ----------
    work
        What to write; refused cards are added to it with the reason.
    budget
        Once it is spent, the rest is left to the next run.
    left
        Number of cards left to the next run.

    Notes
    -----
    Some portals keep the old value of a field that is to be emptied. Then the field gets a value
    that means none: 0, ``-``, or the item "not classified". As such a portal may empty fields
    again one day, one of its cards is tried in each run.
    """

    client: Client = field(repr=False)
    work: Work
    budget: Budget
    lang: str
    left: int = field(default=0, init=False)
    _kept: list[Write] = field(factory=list, init=False, repr=False)

    def run(self) -> int:
        """Write the cards; return how many changed."""
        tried = [write for write in self.work.writes if write.shows_none]
        others = [write for write in self.work.writes if not write.shows_none]
        written = self._send([*others, *tried[:1]])
        if any(write.shows_none for write in self._kept):
            self.work.unchanged += len(tried) - 1
        else:
            written += self._send(tried[1:])
        # Those that show a value meaning none already are only reported.
        return written + self._send([_as_none(w) for w in self._kept if not w.shows_none])

    def _send(self, writes: Sequence[Write]) -> int:
        by_key = {f"{place}": write for place, write in enumerate(writes)}
        commands = ((name, write.command) for name, write in by_key.items())
        written = done = 0
        for name, outcome in self.client.stream(commands, stop=lambda: self.budget.spent):
            done += 1
            written += self._note(by_key[name], outcome)
        self.left += len(writes) - done
        return written

    def _note(self, write: Write, outcome: Outcome) -> bool:
        """Record the outcome of a write; return whether the card was written."""
        if isinstance(outcome, AdapterError):
            if not concerns_one(outcome):
                raise outcome
            self.work.failed[write.key] = self._reason(outcome)
            return False
        missed = _missed(write, outcome)
        emptied = [code for code in missed if write.values[code] is None]
        if emptied and len(emptied) == len(missed):
            self._kept.append(write)
            self.work.failed[write.key] = text(
                "Bitrix24 does not empty {fields}; they show 0 or - instead",
                self.lang,
                fields=", ".join(missed),
            )
            return False
        if missed:
            self.work.failed[write.key] = text(
                "Bitrix24 did not take {fields}", self.lang, fields=", ".join(missed)
            )
        return not missed

    def _reason(self, problem: AdapterError) -> str:
        if isinstance(problem, AccessDeniedError):
            return text(
                "the owner of the webhook has no right to change this card ({description})",
                self.lang,
                description=problem.details.get("description", ""),
            )
        return translate(problem, self.lang)


def _missed(write: Write, answer: Answer) -> list[str]:
    """Compare the returned item: the portal silently ignores unknown names."""
    item: Mapping[str, Any] = as_map(as_map(answer.result).get("item"))
    now = write.card_fields.read(item)
    return sorted(code for code, value in write.values.items() if now.get(code) != value)


def _as_none(write: Write) -> Write:
    """Return the write with values that mean none in place of empty ones."""
    codes: Iterable[str] = (code for code, value in write.values.items() if value is None)
    values = {code: value for code in codes if (value := none_value(code)) is not None}
    return evolve(write, values=values)
