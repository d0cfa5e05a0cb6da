"""Reader of a job in TOML, with errors that name the line and the accepted values."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import attrs

from abcxyz.config.id_map import read_id_map
from abcxyz.config.job import Job, Part
from abcxyz.config.keys import LISTS, PREFERENCES, TABLES
from abcxyz.config.lines import TomlLines
from abcxyz.config.tables import JobTables
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.classes.rule_dicts import rule_from_dict
from abcxyz.core.snapshots.settings import Settings
from abcxyz.crm.reports.service.rules import ServiceRule
from abcxyz.crm.settings import AnnouncedChange, CalendarSettings, CrmSettings
from abcxyz.errors import AbcxyzError, ConfigError
from abcxyz.i18n import LANGUAGES
from abcxyz.options import resolved
from abcxyz.plugins import MAX_UNMATCHED
from abcxyz.toolkit.files import parse_mode
from abcxyz.toolkit.parsing import parse_toml

__all__ = ["parse_job", "read_job"]


def read_job(path: str | PathLike[str]) -> Job:
    """Read a job from a TOML file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Job

    Raises
    ------
    ConfigError
        The file is absent or damaged, a key is unknown or of the wrong type; the message names the
        file, the line, the key and what is accepted.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            "there is no job {path}; check the path, or write one with: abcxyz init {path}",
            path=str(path),
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(
            "the job {path} cannot be read ({reason}); check its rights, and save it as UTF-8",
            path=str(path),
            reason=getattr(problem, "strerror", None) or "not UTF-8",
        ) from problem
    return parse_job(text, file)


def parse_job(text: str, path: str | PathLike[str] = "job.toml") -> Job:
    """Read a job from the text of a TOML file.

    Parameters
    ----------
    text
        The job.
    path
        Path of the file, for errors and relative paths.

    Returns
    -------
    Job

    Raises
    ------
    ConfigError
        As in `read_job`.

    Examples
    --------
    >>> job = parse_job('''
    ... [[source]]
    ... kind = "csv"
    ... path = "sales.csv"
    ...
    ... [[sink]]
    ... kind = "html"
    ... path = "report.html"
    ... ''')
    >>> job.settings.period, [sink.kind for sink in job.sinks]
    ('12M', ['html'])
    """
    file = Path(path)
    try:
        data = parse_toml(text)
    except ValueError as problem:
        raise ConfigError(
            "{path} is not TOML: {reason}; mend that place",
            path=file.name,
            reason=str(problem),
        ) from None
    return _Reader(data, TomlLines(text), file).job()


def _load_language(report: object, plugins: object) -> None:
    """Load the plugins where the job names a language that one of them may bring."""
    lang = report.get("lang") if isinstance(report, dict) else None
    if isinstance(lang, str) and lang not in LANGUAGES:
        from abcxyz.registry import load

        allow = plugins.get("allow") if isinstance(plugins, dict) else None
        load(named={lang}, allow=allow if isinstance(allow, list) else None)


class _Reader(JobTables):
    """Check the tables of one job."""

    def job(self) -> Job:
        known = {name: keys for name, keys in TABLES.items() if "." not in name}
        unknown = [name for name in self._data if name not in known]
        if unknown:
            raise self._unknown("", unknown[0], known)
        _load_language(self._data.get("report"), self._data.get("plugins"))
        sources = tuple(self._parts("source"))
        if not sources:
            raise ConfigError(
                "{path} names no source; add a table [[source]] with a kind and its options",
                path=self._path.name,
            )
        sinks = tuple(self._parts("sink"))
        enrichers, scorecard = self._enrichers()
        past = self._table("history")
        allow = self._table("plugins").get("allow")
        history = past.get("path")
        if not sinks and history is None:
            raise ConfigError(
                "{path} names neither a sink nor a history, so nothing would come of it; add a "
                "table [[sink]]",
                path=self._path.name,
            )
        settings = self._settings()
        changes = self._changes()
        crm, crm_settings = self._crm(changes)
        if past.get("deals") and (crm is None or history is None):
            raise ConfigError(
                "{where}deals keeps the deals of a CRM in the history; it needs the path of a "
                "history and a table [crm]",
                where=self._where("history", "deals"),
            )
        return Job(
            path=self._path,
            settings=settings,
            sources=sources,
            sinks=sinks,
            enrichers=enrichers,
            scorecard=self._placed(scorecard),
            history=self._placed(history),
            history_job=past.get("job"),
            playbook=self._placed(self._table("playbook").get("path")),
            alerts=self._alerts(),
            report=self._table("report"),
            file_mode=self._file_mode(),
            plugins=None if allow is None else tuple(allow),
            keep=self._keep(past.get("keep")),
            keep_deals=past.get("deals", False),
            crm=crm,
            crm_settings=crm_settings,
            changes=changes,
        )

    def _file_mode(self) -> int | None:
        mode = self._table("files").get("mode")
        return None if mode is None else parse_mode(mode, "mode", self._where("files", "mode"))

    def _keep(self, written: str | None) -> str | None:
        if written is not None:
            try:
                Settings(period=written)
            except AbcxyzError as problem:
                raise self._at("history", "keep", problem) from problem
        return written

    def _settings(self) -> Settings:
        window = self._table("window")
        xyz = self._table("xyz")
        options = [
            one.name for one in attrs.fields(Settings) if one.metadata.get("table") == "xyz"
        ]
        cut = {key: xyz.pop(key) for key in options if key in xyz}
        rules = {"abc": self._table("abc"), "xyz": xyz}
        for axis, rule in rules.items():
            if set(rule) - {"rule"} and "rule" not in rule:
                raise ConfigError(
                    "{where}{key} belongs to a rule, and no rule is named; add rule = …",
                    where=self._where(axis, next(iter(rule))),
                    key=next(iter(rule)),
                )
            try:
                named = {**rule, "rule": rule.get("rule", "tangent").replace("-", "_")}
                window[axis] = rule_from_dict(named)
            except AbcxyzError as problem:
                raise self._at(axis, "", problem) from problem
        try:
            return Settings(**window, **cut)
        except AbcxyzError as problem:
            raise self._at("window", "", problem) from problem

    def _alerts(self) -> AlertRules:
        return self._record(AlertRules, "alerts", self._table("alerts"))

    def _changes(self) -> tuple[AnnouncedChange, ...]:
        listed = self._several("changes", self._data.get("changes", []), AnnouncedChange)
        return tuple(sorted(listed, key=lambda one: one.day))

    def _crm(self, changes: tuple[AnnouncedChange, ...]) -> tuple[Part | None, CrmSettings]:
        if "crm" not in self._data:
            return None, CrmSettings(changes=changes)
        table = self._table("crm")
        calendar, sla = table.pop("calendar", None), table.pop("sla", None)
        names = [one.name for one in attrs.fields(CrmSettings) if one.metadata]
        values = {name: table.pop(name) for name in names if name in table}
        if calendar is not None:
            checked = self._checked("crm.calendar", calendar, 0)
            values["calendar"] = self._record(CalendarSettings, "crm.calendar", checked)
        if sla is not None:
            values["rules"] = self._several("crm.sla", sla, ServiceRule)
        settings = self._record(CrmSettings, "crm", {**values, "changes": changes})
        return self._part("crm", table, 0), settings

    def _placed(self, written: str | None) -> Path | None:
        """Resolve a path relative to the job."""
        return None if written is None else resolved(self._folder, written)

    def _parts(self, role: str) -> Iterator[Part]:
        for place, table in enumerate(self._listed(role, self._data.get(role, []))):
            yield self._part(role, self._checked(role, table, place), place)

    def _part(self, role: str, table: dict[str, Any], place: int) -> Part:
        naming = "source" if role == "crm" else "kind"
        kind = table.pop(naming, None)
        if kind is None:
            raise ConfigError(
                '{where}{table} has no {key}; write {key} = "…" with a name that '
                "`abcxyz plugins` lists",
                where=self._where(role, place=place),
                table=f"[[{role}]]" if role in LISTS else f"[{role}]",
                key=naming,
            )
        id_map, prefix = table.pop("id_map", None), table.pop("id_prefix", None)
        if isinstance(id_map, str):
            id_map = read_id_map(
                resolved(self._folder, id_map), self._where(role, "id_map", place)
            )
        max_unmatched = table.pop("max_unmatched", MAX_UNMATCHED) if role == "sink" else 1.0
        if not 0 <= max_unmatched <= 1:
            raise ConfigError(
                "{where}max_unmatched = {value} is no share; write a number from 0 to 1",
                where=self._where(role, "max_unmatched", place),
                value=max_unmatched,
            )
        prefer_new = role == "enricher" and table.pop("prefer", PREFERENCES[0]) != PREFERENCES[0]
        label = self._label(role, kind, place)
        if prefix is None:
            # Unmapped ids must not coincide with ids of another system.
            prefix = "" if id_map is None else f"{label}:"

        def where(key: str) -> str:
            return self._where(role, key, place)

        return Part(role, kind, table, where, label, id_map, prefix, max_unmatched, prefer_new)

    def _label(self, role: str, kind: str, place: int) -> str:
        written = self._data.get(role)
        listed = written if isinstance(written, list) else []
        tables = (one if isinstance(one, dict) else {} for one in listed)
        same = [n for n, one in enumerate(tables) if one.get("kind") == kind]
        return kind if len(same) < 2 else f"{kind}-{same.index(place) + 1}"

    def _enrichers(self) -> tuple[tuple[Part, ...], str | None]:
        """Read ``[enricher]``, or several ``[[enricher]]``; one of them may name the scorecard."""
        written = self._data.get("enricher", [])
        listed = written if isinstance(written, list) else [written]
        tables = [self._checked("enricher", table, place) for place, table in enumerate(listed)]
        cards = [
            (place, table.pop("scorecard"))
            for place, table in enumerate(tables)
            if "scorecard" in table
        ]
        if len(cards) > 1:
            raise ConfigError(
                "{where}scorecard stands in two tables [[enricher]]; there is one scorecard for "
                "all, so write it in one of them",
                where=self._where("enricher", "scorecard", cards[1][0]),
            )
        parts = tuple(self._part("enricher", one, place) for place, one in enumerate(tables))
        return parts, cards[0][1] if cards else None
