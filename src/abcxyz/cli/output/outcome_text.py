"""Outcome of a run as text and as a JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from abcxyz.cli.output.terminal import one_line
from abcxyz.i18n import number, text, translate
from abcxyz.toolkit.catalogue import Figure

if TYPE_CHECKING:
    from abcxyz.pipeline import Outcome, SinkOutcome
    from abcxyz.plugins import WritePlan

__all__ = ["outcome_object", "render_outcome"]

_SHOWN = 20


def outcome_object(outcome: Outcome, lang: str, *, code: int) -> dict[str, Any]:
    """Return the outcome of a run as plain values, serialisable as JSON."""
    from abcxyz.core.analysis.record import summary_object

    return {
        "as_of": outcome.analysis.snapshot.as_of.isoformat(),
        "exit_code": code,
        "saved": outcome.saved,
        "alerts": [{**one.to_dict(), "text": one.sentence(lang)} for one in outcome.raised],
        "enricher": None if outcome.enricher is None else translate(outcome.enricher, lang),
        "enrichment": [translate(one, lang) for one in outcome.enrichment],
        "id_maps": {
            source: {"mapped": mapped, "unmapped": unmapped}
            for source, (mapped, unmapped) in outcome.met.items()
        },
        "sinks": [_sink_object(one, lang) for one in outcome.sinks],
        "summary": summary_object(outcome.analysis),
    }


def _sink_object(sink: SinkOutcome, lang: str) -> dict[str, Any]:
    report = sink.report
    return {
        "kind": sink.kind,
        "dry_run": sink.dry_run,
        "written": None if report is None else report.written,
        "unchanged": None if report is None else report.unchanged,
        "failed": {} if report is None else dict(report.failed),
        "notes": [] if report is None else list(report.notes),
        "problem": None if sink.problem is None else translate(sink.problem, lang),
        "plan": None if sink.plan is None else attrs.asdict(sink.plan),
    }


def plan_text(plan: WritePlan, lang: str) -> str:
    """Return what a write changes, as part of a sentence."""
    return text(
        "cards that change class: {changed} of {classified}, {cleared} of them lose it",
        lang,
        changed=number(plan.changed, lang),
        classified=number(plan.classified, lang),
        cleared=number(plan.cleared, lang),
    )


def render_outcome(outcome: Outcome, lang: str) -> str:
    """Return the text of the analysis and of the outcome of each sink."""
    from abcxyz.cli.output.analysis_text import render

    lines = [render(outcome.analysis, lang), ""]
    if outcome.raised:
        lines.append(f"{text('Alerts', lang)}: {number(len(outcome.raised), lang)}")
        names = outcome.analysis.names
        sentences = [one.sentence(lang, name=names.get(one.customer)) for one in outcome.raised]
        lines += _shown(sentences, lang)
    for source, (mapped, unmapped) in outcome.met.items():
        lines.append(
            text(
                "{source}: {mapped} {mapped:customer|customers} found in the id map, "
                "{unmapped} not",
                lang,
                source=source,
                mapped=Figure(mapped),
                unmapped=Figure(unmapped),
            )
        )
    lines += [one_line(translate(one, lang)) for one in outcome.enrichment]
    if outcome.enricher is not None:
        lines.append(one_line(translate(outcome.enricher, lang)))
    for sink in outcome.sinks:
        lines += _sink_lines(sink, lang)
    if any(sink.dry_run for sink in outcome.sinks):
        lines.append(text("Nothing was written to other systems; add --apply to write", lang))
    return "\n".join(lines)


def _sink_lines(sink: SinkOutcome, lang: str) -> list[str]:
    report = sink.report
    if report is None:
        reason = "" if sink.problem is None else translate(sink.problem, lang)
        return [one_line(f"{sink.kind}: {reason}"), *_plan_lines(sink, lang)]
    counts = {
        "sink": sink.kind,
        "written": number(report.written, lang),
        "unchanged": number(report.unchanged, lang),
        "failed": number(len(report.failed), lang),
    }
    if sink.dry_run:
        head = text(
            "{sink}: would write {written}, unchanged {unchanged}, refused {failed}",
            lang,
            **counts,
        )
    else:
        head = text(
            "{sink}: written {written}, unchanged {unchanged}, refused {failed}", lang, **counts
        )
    refused = [f"{customer}: {why}" for customer, why in report.failed.items()]
    return [
        head,
        *_plan_lines(sink, lang),
        *_shown(list(report.notes), lang),
        *_shown(refused, lang),
    ]


def _plan_lines(sink: SinkOutcome, lang: str) -> list[str]:
    return [] if sink.plan is None else [f"  {plan_text(sink.plan, lang)}"]


def _shown(details: list[str], lang: str) -> list[str]:
    lines = [f"  {one_line(line)}" for line in details[:_SHOWN]]
    if len(details) > _SHOWN:
        more = number(len(details) - _SHOWN, lang)
        lines.append("  " + text("and {more} more; --json lists all", lang, more=more))
    return lines
