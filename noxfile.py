"""Every check of the workshop: ``nox -l`` lists them, ``nox -s tests -- -k name`` narrows one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "typing", "tests", "docs"]

PYTHONS = ["3.11", "3.12", "3.13"]
#: Tests that find most mistakes soonest: they need no server and no browser.
QUICK = [
    "tests/config",
    "tests/core",
    "tests/history",
    "tests/http",
    "tests/tables",
    "tests/toolkit",
    "tests/test_architecture.py",
    "tests/test_exports.py",
    "tests/test_locale.py",
]
PROJECT = nox.project.load_toml("pyproject.toml")


def group(*names: str) -> list[str]:
    """Resolve dependency groups here, for an older pip cannot."""
    return list(nox.project.dependency_groups(PROJECT, *names))


@nox.session
def lint(session: nox.Session) -> None:
    """Look at style and layout, and at the files for Docker; change nothing."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("hadolint", "Dockerfile")
    session.run("compose-lint", "check", "--fail-on", "low", "--strict-config", "compose.yaml")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of the package and of the tests."""
    session.install("-e", ".[all]", *group("typing"))
    session.run("mypy", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests, but for the slow ones and those in a browser."""
    session.install("-e", ".[all]", *group("test"))
    session.run("pytest", "-n", "auto", "-m", "not slow and not browser", *session.posargs)


@nox.session
def long(session: nox.Session) -> None:
    """Run the tests that take more than half a second each, which plain pytest leaves out."""
    session.install("-e", ".[all]", *group("test"))
    session.run("pytest", "-n", "auto", "-m", "long and not slow", *session.posargs)


@nox.session
def quick(session: nox.Session) -> None:
    """Run the tests that find most mistakes in under a minute; ``-R`` reuses the environment."""
    session.install("-e", ".[all]", *group("test"))
    flags = ["-n", "auto", "--hypothesis-profile", "quick"]
    session.run("pytest", *flags, *QUICK, *session.posargs)


@nox.session
def engines(session: nox.Session) -> None:
    """Try data frames on every engine, Spark among them, which wants Java 17; slow ones too."""
    session.install("-e", ".[all]", *group("test", "engines"))
    session.run("pytest", "tests/frames", "-m", "slow or not slow", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the slow tests, and the properties with more examples than the tests of every day."""
    session.install("-e", ".[all]", *group("test"))
    flags = ["-m", "slow or hypothesis", "--hypothesis-profile", "thorough"]
    session.run("pytest", *flags, *session.posargs)


@nox.session
@nox.parametrize("scheduler", ["airflow", "prefect"])
def schedulers(session: nox.Session, scheduler: str) -> None:
    """Run the recipes of Airflow and Prefect in the real ones, which do not fit together."""
    packages = {"airflow": "apache-airflow-core>=3", "prefect": "prefect>=3"}
    session.install("-e", ".", packages[scheduler], *group("recipes"))
    tests = ["tests/examples/test_schedule.py", "-m", "slow", "-k", scheduler]
    session.run("pytest", "-W", "default", *tests, *session.posargs)


@nox.session
def licences(session: nox.Session) -> None:
    """Check licences and floors of a full install; write its constraints and its SBOM to build."""
    session.install(".[all]")
    folder = Path("build")
    folder.mkdir(exist_ok=True)
    python = str(session.run("python", "-c", "import sys; print(sys.executable)", silent=True))
    session.run("python", ".ci/inventory.py", str(folder / "constraints.txt"))
    tools = Path(session.create_tmp()).resolve() / "tools"
    session.run("python", "-m", "venv", str(tools))
    session.run(str(tools / "bin" / "pip"), "install", "--quiet", *group("sbom"), external=True)
    session.run(
        str(tools / "bin" / "cyclonedx-py"), "environment", python.strip(),
        "--pyproject", "pyproject.toml", "--output-reproducible", "--validate",
        "--spec-version", "1.6", "--output-file", str(folder / "sbom.cdx.json"),
        external=True,
    )  # fmt: skip


@nox.session
def mutants(session: nox.Session) -> None:
    """Change the code in a hundred places, one at a time; the tests of each have to fail.

    ``nox -s mutants -- --count 20 --seed 7 --room http`` draws another sample.
    """
    session.install("-e", ".[all]", *group("test", "mutants"))
    folder = Path(session.create_tmp()).resolve() / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    files = session.run("git", "ls-files", "-z", external=True, silent=True, log=False)
    for name in str(files).split("\0"):
        if Path(name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, folder / name)
    with session.chdir(folder):
        session.run(
            *("python", "-m", "tests.mutants", "--folder", str(folder.parent)),
            *session.posargs,
            env={"PYTHONPATH": str(folder / "src"), "CI": "1"},
        )


@nox.session
def bare(session: nox.Session) -> None:
    """Try what has to work without any extra: the core, the transport, the front door."""
    session.install("-e", ".", *group("test"))
    rooms = ["tests/core", "tests/http", "tests/toolkit", "tests/test_exports.py"]
    session.run("pytest", *rooms, *session.posargs)


@nox.session(python=PYTHONS[0])
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest version of every dependency that pyproject.toml allows."""
    extras = PROJECT["project"]["optional-dependencies"]
    direct = [*PROJECT["project"]["dependencies"]]
    (wanted,) = re.findall(r"\[(.+)\]", *extras["all"])
    direct += [line for name in wanted.split(",") for line in extras[name]]
    # Constraints name no extras.
    pins = sorted({re.sub(r"\[.*?\]", "", line).replace(">=", "==") for line in direct})
    constraints = Path(session.create_tmp()).resolve() / "minimums.txt"
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    session.install("-e", ".[all]", *group("test"), "--constraint", str(constraints))
    session.run("pytest", "-n", "auto", *session.posargs)
    # The compiled loops differ most between versions of numba; compiling them takes long.
    quick = ["--hypothesis-profile", "quick"]
    session.run("pytest", *quick, "-m", "long and not slow", "tests/fast", "tests/loops")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel and run the tests against it, with ``src`` out of reach."""
    session.install("build", *group("test"))
    folder = Path(session.create_tmp()).resolve() / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    (built,) = folder.glob("*.whl")
    session.install("--force-reinstall", "--no-deps", str(built))
    session.install(f"abcxyz[all] @ {built.as_uri()}")
    where = session.run("python", "-c", "import abcxyz; print(abcxyz.__file__)", silent=True)
    if "site-packages" not in str(where):
        session.error(f"the tests would not see the wheel but {where}")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages, every warning an error; the examples on them run with the tests."""
    session.install("-e", ".[all,testing]", *group("docs"))
    flags = ["-n", "-W", "--keep-going", "-q", "-j", "auto"]
    session.run("sphinx-build", *flags, "docs", "docs/_build/html", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Open the pages in Chromium; ``nox -s browser -- --install`` fetches one first."""
    session.install("-e", ".[all]", *group("browser", "test"))
    posargs = list(session.posargs)
    if "--install" in posargs:
        posargs.remove("--install")
        session.run("playwright", "install", "--with-deps", "chromium")
    session.run("pytest", "tests/browser", "-m", "browser", *posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure; ``nox -s bench -- core --write`` puts the table of bench_core.py on its page."""
    session.install("-e", ".[all]", *group("engines"))
    if session.posargs:
        name, *words = session.posargs
        script = name if name.endswith(".py") else f"benchmarks/bench_{name}.py"
        session.run("python", script, *words)
        return
    for script in sorted(Path("benchmarks").glob("bench_*.py")):
        session.run("python", str(script))
