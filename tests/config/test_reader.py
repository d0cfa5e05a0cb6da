"""Reading of a job file, and errors with place and accepted values."""

from __future__ import annotations

from pathlib import Path

import pytest

from abcxyz import CumulativeMean, Limits, Settings, Shares, Tangent
from abcxyz.config import Job, build, parse_job, read_job
from abcxyz.errors import ConfigError, InputError
from abcxyz.registry import load

SOURCE = '[[source]]\nkind = "csv"\npath = "sales.csv"\n'
SINK = '[[sink]]\nkind = "html"\npath = "report.html"\n'
WHOLE = f"""
[window]
period = "8Q"
bucket = "M"
metric = "profit"

[abc]
rule = "shares"
a = 0.7
b = 0.9

[xyz]
rule = "cumulative-mean"
cv_decimals = 2
ddof = 1
since_first = true
single_order = false

[history]
path = "snapshots.db"

[report]
lang = "ru"
currency = "₽"

{SOURCE}
[[source]]
kind = "onec"
url = "https://example.com"
password = {{ env = "PASSWORD" }}
id_map = {{ "К-17" = "17" }}
rates.USD = 92.5

[enricher]
kind = "bitrix24"
scorecard = "card.toml"

{SINK}
"""


def test_a_whole_job_is_read(tmp_path: Path) -> None:
    """Every table of a job is parsed, and secrets stay unread."""
    path = tmp_path / "job.toml"
    path.write_text(WHOLE, encoding="utf-8")
    job = read_job(path)
    assert job.settings == Settings(
        period="8Q",
        bucket="M",
        metric="profit",
        abc=Shares(0.7, 0.9),
        xyz=CumulativeMean(cv_decimals=2),
        ddof=1,
        since_first=True,
        single_order=False,
    )
    assert tmp_path / "snapshots.db" == job.history
    assert ("ru", "₽") == (job.lang, job.report["currency"])
    first, second = job.sources
    assert {"path": "sales.csv"} == dict(first.options)
    assert (None, "") == (first.id_map, first.id_prefix)
    assert {
        "url": "https://example.com",
        "password": {"env": "PASSWORD"},
        "rates": {"USD": 92.5},
    } == dict(second.options)
    assert ({"К-17": "17"}, "onec:") == (second.id_map, second.id_prefix)
    assert job.enricher is not None
    assert "bitrix24" == job.enricher.kind
    assert tmp_path / "card.toml" == job.scorecard
    assert ["html"] == [one.kind for one in job.sinks]


def test_a_job_means_the_same_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to the job's folder, even after a change of directory."""
    (tmp_path / "job.toml").write_text(f'{SOURCE}{SINK}[history]\npath = "history.db"\n')
    monkeypatch.chdir(tmp_path)
    job = read_job("job.toml")
    monkeypatch.chdir("/")
    assert tmp_path / "history.db" == job.history
    [(_, sink)] = build(job, load()).sinks
    assert tmp_path / "report.html" == sink._path  # type: ignore[attr-defined]


def test_a_small_job_has_the_defaults() -> None:
    """A minimal job has the defaults of `Settings`."""
    job = parse_job(SOURCE + SINK)
    assert Settings() == job.settings
    assert (None, None, "en") == (job.history, job.enricher, job.lang)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", (Tangent(), Tangent())),
        ('[abc]\nrule = "cumulative-mean"', (CumulativeMean(), Tangent())),
        ('[abc]\nrule = "shares"', (Shares(), Tangent())),
        (
            (
                '[abc]\nrule = "limits"\nfirst = 1000\nsecond = 100\n'
                '[xyz]\nrule = "limits"\nfirst = 0.2\nsecond = 0.5'
            ),
            (Limits(1000, 100), Limits(0.2, 0.5)),
        ),
    ],
)
def test_rules_are_named_as_on_the_command_line(
    rules: str, expected: tuple[object, object]
) -> None:
    """A rule accepts its parameters and has their defaults."""
    settings = parse_job(f"{rules}\n{SOURCE}{SINK}").settings
    assert expected == (settings.abc, settings.xyz)


MISTAKES = {
    "typo in a key": (
        f'{SOURCE}{SINK}[window]\nperiod = "12M"\nmetrik = "profit"\n',
        (
            "job.toml:9: [window] has no key 'metrik'; did you mean 'metric'? "
            "Known are period, bucket, metric, lookback, document_spans_days"
        ),
    ),
    "no such key": (
        f"{SOURCE}{SINK}[history]\nzzz = 1\n",
        "job.toml:8: [history] has no key 'zzz'; known are path, job, keep, deals",
    ),
    "typo in a table": (
        f"[windov]\n{SOURCE}{SINK}",
        (
            "job.toml:1: a job has no table [windov]; did you mean [window]? "
            "Known are window, abc, xyz, history, alerts, playbook, report, plugins, files, "
            "source, enricher, sink, crm, changes"
        ),
    ),
    "key outside a table": (
        f'# a job\nperiod = "12M"\n{SOURCE}{SINK}',
        (
            "job.toml:2: a job has no table [period]; known are window, abc, xyz, history, "
            "alerts, playbook, report, plugins, files, source, enricher, sink, crm, changes"
        ),
    ),
    "wrong type": (
        f"{SOURCE}{SINK}[window]\nperiod = 12\n",
        "job.toml:8: period in [window] is 12; it takes text",
    ),
    "wrong choice": (
        f"{SOURCE}{SINK}[xyz]\nddof = 2\n",
        "job.toml:8: ddof in [xyz] is 2; it takes 0 | 1",
    ),
    "truth value for a number": (
        f'{SOURCE}{SINK}[abc]\nrule = "shares"\na = true\n',
        "job.toml:9: a in [abc] is True; it takes a number",
    ),
    "unknown rule": (
        f'{SOURCE}{SINK}[abc]\nrule = "pareto"\n',
        (
            "job.toml:8: rule in [abc] is 'pareto'; it takes "
            '"tangent" | "cumulative-mean" | "shares" | "count-shares" | "limits"'
        ),
    ),
    "parameter of another rule": (
        f'{SOURCE}{SINK}[abc]\nrule = "tangent"\na = 0.8\n',
        "job.toml:7: the rule tangent got a; it takes nothing",
    ),
    "parameter of no rule": (
        f"{SOURCE}{SINK}[abc]\na = 0.8\n",
        "job.toml:8: a belongs to a rule, and no rule is named; add rule = …",
    ),
    "unreadable period": (
        f'{SOURCE}{SINK}[window]\nperiod = "12X"\n',
        (
            "job.toml:7: the period '12X' cannot be read; write a number and one of the letters "
            "D W T M Q H Y, such as 12M"
        ),
    ),
    "single table": (
        f'[source]\nkind = "csv"\n{SINK}',
        "job.toml:1: there may be several of [source]; write [[source]]",
    ),
    "no table": (
        f'window = "12M"\n{SOURCE}{SINK}',
        "job.toml:1: window is no table; write [window] and its keys below",
    ),
    "no table among tables": (
        'source = [{ kind = "csv" }, 5]\n' + SINK,
        "job.toml:1: source is no table; write [source] and its keys below",
    ),
    "no kind": (
        f'{SOURCE}[[sink]]\npath = "x"\n',
        (
            'job.toml:4: [[sink]] has no kind; write kind = "…" with a name that '
            "`abcxyz plugins` lists"
        ),
    ),
    "no source": (
        SINK,
        "job.toml names no source; add a table [[source]] with a kind and its options",
    ),
    "nothing comes of it": (
        SOURCE,
        (
            "job.toml names neither a sink nor a history, so nothing would come of it; add a "
            "table [[sink]]"
        ),
    ),
    "no id map": (
        f'[[source]]\nkind = "csv"\nid_map = "nowhere.csv"\n{SINK}',
        (
            "job.toml:3: the id map nowhere.csv cannot be read (No such file or directory); check "
            "the path"
        ),
    ),
    "id map of numbers": (
        f'[[source]]\nkind = "csv"\nid_map = {{ a = 1 }}\n{SINK}',
        "job.toml:3: id_map in [source] is {'a': 1}; it takes text, or a table of texts",
    ),
    "not TOML": (
        "[window\n",
        (
            "job.toml is not TOML: Expected ']' at the end of a table declaration "
            "(at line 1, column 8); mend that place"
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the file, line, key and accepted values."""
    text, expected = MISTAKES[mistake]
    with pytest.raises(ConfigError) as caught:
        parse_job(text)
    message = str(caught.value).replace(f"{Path.cwd()}/", "")
    assert expected == message


def test_a_missing_job_says_how_to_write_one(tmp_path: Path) -> None:
    """The error has the path and the command."""
    path = tmp_path / "job.toml"
    with pytest.raises(ConfigError) as caught:
        read_job(path)
    assert (
        f"there is no job {path}; check the path, or write one with: abcxyz init {path}"
    ) == str(caught.value)


def test_a_job_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """The error has the cure."""
    path = tmp_path / "job.toml"
    path.write_bytes("# Отчёт\n".encode("cp1251"))
    with pytest.raises(ConfigError, match=r"cannot be read \(not UTF-8\).*save it as UTF-8"):
        read_job(path)


def id_map(tmp_path: Path, text: str) -> Job:
    """Read a job with *text* as its id map."""
    (tmp_path / "ids.csv").write_text(text, encoding="utf-8")
    path = tmp_path / "job.toml"
    path.write_text(f'[[source]]\nkind = "csv"\nid_map = "ids.csv"\n{SINK}', encoding="utf-8")
    return read_job(path)


def test_an_id_map_is_a_table_of_two_columns(tmp_path: Path) -> None:
    """Any delimiter is accepted; empty lines and extra columns are ignored."""
    job = id_map(tmp_path, "1C;CRM;name\nК-1; 7 ;Ромашка\n\nК-2;8;\n")
    assert {"К-1": "7", "К-2": "8"} == job.sources[0].id_map


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nК-1,7\nК-1,8\n", "line 3 of the id map .* maps 'К-1' to '8', and an earlier"),
        ("a,b\nК-1\n", "line 2 of the id map .* is 'К-1'; it needs two ids"),
        ("a,b\n,7\n", "line 2 of the id map .* is ',7'; it needs two ids"),
    ],
)
def test_a_wrong_id_map_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The error has the lines of the job and the map, and the ids."""
    with pytest.raises(ConfigError, match=message):
        id_map(tmp_path, text)


def test_an_endless_field_of_an_id_map_is_refused(tmp_path: Path) -> None:
    """A field beyond the limit of the reader names the map."""
    with pytest.raises(ConfigError, match=r"the id map .*ids\.csv cannot be read \(field larger"):
        id_map(tmp_path, f"a,b\n{'x' * 200_000},7\n")


def test_a_binary_id_map_is_refused(tmp_path: Path) -> None:
    """A binary file is refused as an id map."""
    (tmp_path / "ids.csv").write_bytes(b"a,b\n\x98\0\xff,1\n")
    path = tmp_path / "job.toml"
    path.write_text(f'[[source]]\nkind = "csv"\nid_map = "ids.csv"\n{SINK}', encoding="utf-8")
    with pytest.raises(InputError, match="is not a table this program knows"):
        read_job(path)
