"""Check the licences and versions of all that is installed, and pin it as constraints.

Usage: python .ci/inventory.py CONSTRAINTS, in the environment of a full install.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

#: Licences that a program under MIT may depend on: permissive ones, and weak copyleft of packages
#: that are neither changed nor included.
ACCEPTED = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|HPND|MIT-CMU|Zlib|0BSD|Unlicense|"
    r"CC0|MPL|Mozilla Public|LGPL|Lesser General Public)",
    re.IGNORECASE,
)
REFUSED = re.compile(r"\b(AGPL|Affero|SSPL|BUSL|Commons Clause|(?<!L)GPL)\b", re.IGNORECASE)
#: Licences that the metadata of a package names unclearly or not at all, as its files state them.
STATED: dict[str, str] = {}


def licence_of(package: Distribution) -> str:
    """Return the licence by the newest field that states one."""
    name = str(package.metadata["Name"]).lower()
    fields = [
        STATED.get(name, ""),
        package.metadata.get("License-Expression", ""),
        " OR ".join(  # several are usually a choice
            line.rpartition(" :: ")[2]
            for line in package.metadata.get_all("Classifier", [])
            if line.startswith("License ::")
        ),
        # Some put the whole text there.
        (package.metadata.get("License", "") or "").strip()[:100],
    ]
    return next((field for field in fields if field), "")


def problem_of(licence: str) -> str | None:
    """Return why a licence is not accepted; None if it is.

    A choice, as in ``MIT OR GPL-2.0``, is accepted if one of the licences is.
    """
    if not licence:
        return "states no licence"
    choices = re.split(r"\s+OR\s+", licence)
    if any(ACCEPTED.search(one) and not REFUSED.search(one) for one in choices):
        return None
    return f"has the licence {licence!r}"


def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparison with a floor."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:4])


def floors(project: Path) -> Iterator[tuple[str, str]]:
    """Yield name and lowest version of each requirement in pyproject.toml."""
    data = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    lines = [*data["dependencies"]]
    for extra in data["optional-dependencies"].values():
        lines += extra
    for line in lines:
        match = re.match(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)", line)
        if match:
            yield match[1].lower(), match[2]


def main(constraints: str) -> int:
    """Check, write the constraints, and return the exit code."""
    packages = {
        str(one.metadata["Name"]): one
        for one in distributions()
        if str(one.metadata["Name"]).lower() not in ("abcxyz", "pip", "setuptools")
    }
    problems = [
        f"{name} {one.version} {problem}"
        for name, one in packages.items()
        if (problem := problem_of(licence_of(one)))
    ]
    installed = {name.lower(): one.version for name, one in packages.items()}
    problems += [
        f"{name} {installed[name]} is below its floor {floor}"
        for name, floor in floors(Path(__file__).parent.parent / "pyproject.toml")
        if name in installed and version_key(installed[name]) < version_key(floor)
    ]
    pins = [f"{name}=={one.version}" for name, one in packages.items()]
    Path(constraints).write_text("\n".join(sorted(pins, key=str.lower)) + "\n", "utf-8")
    for name, one in sorted(packages.items(), key=lambda item: item[0].lower()):
        print(f"{name} {one.version}: {licence_of(one)}")
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    print(f"{len(packages)} packages, {len(problems)} problems; versions in {constraints}")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
