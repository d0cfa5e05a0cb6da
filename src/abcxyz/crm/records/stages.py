"""Stages of the funnels: order and semantics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from abcxyz._arrays import Codes
from abcxyz._maps import frozen_map
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.records.keys import rows_of, time_order
from abcxyz.crm.records.tables import Deals, StageChanges
from abcxyz.errors import ConfigError, InputError

__all__ = ["Places", "Stage", "StageMap", "guess_stages"]

Places = npt.NDArray[np.int16]
"""Places of stages in the order of their funnel, -1 for side stages."""

#: Words by which a final stage of an export is recognised where nothing else tells its meaning.
_WON = ("won", "closed won", "success", "успешно", "выигран", "успешно реализовано", "142")
_LOST = ("lost", "closed lost", "lose", "apology", "junk", "declined", "cancelled", "проигран")
#: amoCRM numbers its final stages alike in every pipeline.
_LOST_TOO = ("провал", "отказ", "закрыто и не реализовано", "143")


@frozen
class Stage:
    """A stage of a funnel.

    Parameters
    ----------
    id
        The name that the records use.
    name
        Name shown to people; by default the id.
    place
        Position in the order of the funnel from 0; -1 for a side stage, which is outside it.
    semantics
        ``P`` in progress, ``S`` won, ``F`` lost.
    reason
        Reason of a loss that the stage itself stands for.
    """

    id: str
    name: str = ""
    place: int = -1
    semantics: str = "P"
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        if self.semantics not in ("P", "S", "F"):
            raise InputError(
                "the stage {stage!r} has the semantics {semantics!r}; use P (in progress), "
                "S (won) or F (lost)",
                stage=self.id,
                semantics=self.semantics,
            )

    @property
    def title(self) -> str:
        """The name, or else the id."""
        return self.name or self.id


def _funnels(
    funnels: Mapping[str, Iterable[Stage | str]],
) -> Mapping[str, tuple[Stage, ...]]:
    return frozen_map({name: _ordered(name, stages) for name, stages in funnels.items()})


def _ordered(funnel: str, stages: Iterable[Stage | str]) -> tuple[Stage, ...]:
    """Return the stages with places: those in progress in order, then the won one."""
    listed = [Stage(one) if isinstance(one, str) else one for one in stages]
    if len({one.id for one in listed}) < len(listed):
        raise InputError("the funnel {funnel!r} lists a stage twice; list it once", funnel=funnel)
    if any(one.place >= 0 for one in listed):
        return tuple(listed)
    order = [one.id for kind in "PS" for one in listed if one.semantics == kind]
    return tuple(
        evolve(one, place=order.index(one.id)) if one.id in order else one for one in listed
    )


@frozen
class StageMap:
    """The stages of every funnel.

    Parameters
    ----------
    funnels
        Funnel -> its stages in order. If none of them has a place, those in progress are
        numbered as listed, then the won one; lost stages have no place.
    guessed
        Whether the order was guessed from the changes and should be confirmed.

    Examples
    --------
    >>> stages = StageMap({"sales": ["NEW", "VISIT", Stage("WON", semantics="S"),
    ...                              Stage("LOST", semantics="F")]})
    >>> [stage.id for stage in stages.order("sales")]
    ['NEW', 'VISIT', 'WON']
    """

    funnels: Mapping[str, tuple[Stage, ...]] = field(converter=_funnels, hash=False)
    guessed: bool = False

    def stages(self, funnel: str) -> tuple[Stage, ...]:
        """Return all stages of a funnel.

        Raises
        ------
        ConfigError
            The funnel is unknown.
        """
        if funnel not in self.funnels:
            raise ConfigError(
                "the funnel {funnel!r} is unknown; use one of {known}",
                funnel=funnel,
                known=", ".join(self.funnels),
            )
        return self.funnels[funnel]

    @property
    def titles(self) -> dict[tuple[str, str], str]:
        """Funnel and id of a stage -> its title."""
        return {
            (funnel, one.id): one.title
            for funnel, stages in self.funnels.items()
            for one in stages
        }

    def order(self, funnel: str) -> tuple[Stage, ...]:
        """Return the stages that have a place, in their order; the won one is the last."""
        placed = [one for one in self.stages(funnel) if one.place >= 0]
        return tuple(sorted(placed, key=lambda one: one.place))

    def find(self, funnel: str, stage: str) -> Stage:
        """Return a stage by its id or name.

        Raises
        ------
        ConfigError
            The funnel has no such stage.
        """
        for one in self.stages(funnel):
            if stage in (one.id, one.name):
                return one
        raise ConfigError(
            "the funnel {funnel!r} has no stage {stage!r}; use one of {known}",
            funnel=funnel,
            stage=stage,
            known=", ".join(one.id for one in self.stages(funnel)),
        )

    def lookup(self, funnels: TextColumn, stages: TextColumn) -> tuple[Places, Codes]:
        """Return place and semantics of every pair of a funnel and a stage.

        Returns
        -------
        tuple of numpy.ndarray
            (n,) places, -1 for side stages; (n,) indices in ``"PSF"``, -1 for unknown stages.
        """
        shape = (len(funnels.categories), len(stages.categories))
        places = np.full(shape, -1, dtype=np.int16)
        kinds = np.full(shape, -1, dtype=np.int8)
        column = {text: code for code, text in enumerate(stages.categories)}
        for row, funnel in enumerate(funnels.categories):
            for one in self.funnels.get(funnel, ()):
                if one.id in column:
                    places[row, column[one.id]] = one.place
                    kinds[row, column[one.id]] = "PSF".index(one.semantics)
        if not len(stages):
            return np.empty(0, dtype=np.int16), np.empty(0, dtype=np.int8)
        if len(funnels.categories) == 1:
            return places[0].take(stages.codes), kinds[0].take(stages.codes)
        pair = funnels.codes * shape[1] + stages.codes
        return places.ravel().take(pair), kinds.ravel().take(pair)


def guess_stages(
    deals: Deals, changes: StageChanges | None, outcome: TextColumn | None = None
) -> StageMap:
    """Guess order and semantics of the stages; `StageMap.guessed` asks for a confirmation.

    Parameters
    ----------
    deals, changes
        The records. The order is that of the mean rank at which deals first enter a stage.
    outcome
        (n,) ``open``, ``won`` or ``lost`` of the deals, where the source tells it; otherwise the
        usual words for final stages decide.
    """
    funnels: dict[str, list[Stage]] = {}
    ranks = _first_ranks(deals, changes)
    current = _current(deals, outcome)
    for funnel in deals.funnel.categories:
        known = {stage for name, stage in ranks if name == funnel}
        known |= {stage for name, stage in current if name == funnel}
        stages = []
        for stage in sorted(known, key=lambda one: (ranks.get((funnel, one), 1e9), one)):
            kind = current.get((funnel, stage)) or _by_word(stage)
            stages.append(Stage(stage, semantics=kind))
        funnels[funnel] = stages
    return StageMap(funnels, guessed=True)


def _by_word(stage: str) -> str:
    word = stage.casefold().strip()
    if word in _WON or word.endswith(":won"):
        return "S"
    return "F" if word in (*_LOST, *_LOST_TOO) or word.endswith(":lose") else "P"


def _current(deals: Deals, outcome: TextColumn | None) -> dict[tuple[str, str], str]:
    """Return the semantics of the stages in which deals are, as far as the outcome tells it."""
    letters = {"won": "S", "lost": "F"}
    found: dict[tuple[str, str], str] = {}
    size = len(deals.stage.categories)
    for pair in np.unique(deals.funnel.codes * size + deals.stage.codes):
        funnel, stage = divmod(int(pair), size)
        name = deals.funnel.categories[funnel], deals.stage.categories[stage]
        found[name] = ""
        if outcome is not None:
            here = (deals.funnel.codes == funnel) & (deals.stage.codes == stage)
            results = {
                outcome.categories[code].casefold() for code in np.unique(outcome.codes[here])
            }
            if len(results) == 1:
                found[name] = letters.get(next(iter(results)), "")
    return found


def _first_ranks(deals: Deals, changes: StageChanges | None) -> dict[tuple[str, str], float]:
    """Return the mean rank at which deals first enter each stage of their funnel."""
    if changes is None or not len(changes):
        return {}
    rows = rows_of(changes.deal, deals.deal)
    known = rows >= 0
    rows, entered, stage = rows[known], changes.entered[known], changes.stage.codes[known]
    funnels = deals.funnel if changes.funnel is None else changes.funnel
    funnel = deals.funnel.codes[rows] if changes.funnel is None else changes.funnel.codes[known]
    order = time_order(rows, entered)
    rows, stage, funnel = rows[order], stage[order], funnel[order]
    size = len(changes.stage.categories)
    pair = (rows * len(funnels.categories) + funnel) * size + stage
    first = np.sort(np.unique(pair, return_index=True)[1])
    rows, stage, funnel = rows[first], stage[first], funnel[first]
    begins = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    rank = np.arange(len(rows)) - np.repeat(begins, np.diff(np.r_[begins, len(rows)]))
    key = funnel * size + stage
    sums, counts = np.bincount(key, rank), np.bincount(key)
    return {
        (funnels.categories[one // size], changes.stage.categories[one % size]): float(
            sums[one] / counts[one]
        )
        for one in np.flatnonzero(counts).tolist()
    }
