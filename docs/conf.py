"""How Sphinx builds these pages: ``nox -s docs``."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.autosummary import Autosummary, autosummary_toc

from abcxyz import _arrays

sys.path.insert(0, str(Path(__file__).resolve().parent))
import mathml
import notebook_pages

project = "abcxyz"
author = "The abcxyz developers"
version = release = installed_version("abcxyz")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinxarg.ext",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = "abcxyz"
html_math_renderer = "mathml"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_ref_domains = ["std", "py"]

autosummary_generate = True
autodoc_typehints = "signature"
# Nobody writes types in comments here, and the search for them parses every function again.
autodoc_use_type_comments = False
autodoc_type_aliases = {name: name for name in _arrays.__all__}
napoleon_google_docstring = False
napoleon_use_rtype = False

# Two modules may have a name of their own, such as EVENTS; the page links the first.
suppress_warnings = ["ref.python"]

# `Name` links where it can and is plain code where it cannot.
default_role = "py:obj"
# Our own names must resolve; those of other libraries would need a network.
nitpick_ignore_regex = [
    ("py:.*", r"(?!abcxyz).*"),
    # Type variables, what is private and what comes with typing have no page.
    ("py:(class|obj)", r"abcxyz[\w.]*\.([A-Z]|FrameT|_\w+(\.\w+)?|Annotated)"),
]


def remove_old_pages() -> None:
    """Generate the pages of modules anew if one of these modules is no longer there."""
    root = Path(__file__).resolve().parent
    pages = root / "reference" / "modules"
    for page in pages.glob("*.rst"):
        module = root.parent / "src" / page.stem.replace(".", "/")
        if not (module.is_dir() or module.with_suffix(".py").is_file()):
            shutil.rmtree(pages)
            return


class ModuleTable(Autosummary):
    """A table of modules whose pages stay out of the sidebar.

    The theme writes the whole sidebar onto every page: with a page per module in it, two thirds of
    the build was spent on that.
    """

    def run(self) -> list[nodes.Node]:
        """Return the table without the table of contents that comes with it."""
        return [node for node in super().run() if not isinstance(node, autosummary_toc)]


def link_exported(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Link a name as a user imports it, such as `abcxyz.analyze`, to where it is defined."""
    face, _, name = str(node.get("reftarget", "")).rpartition(".")
    exported = getattr(sys.modules.get(face), name, None)
    if node.get("refdomain") != "py" or not hasattr(exported, "__qualname__"):
        return None
    defined = f"{exported.__module__}.{exported.__qualname__}"
    return env.domains.python_domain.resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], defined, node, content
    )


def skip_routing(*event: object) -> bool:
    """Leave out what scikit-learn adds to every estimator; its text refers to its own pages."""
    _, _, name, _, skip, _ = event
    assert isinstance(name, str)
    return bool(skip) or (name.startswith("set_") and name.endswith("_request"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx know what differs here."""
    remove_old_pages()
    app.add_directive("autosummary", ModuleTable, override=True)
    app.connect("missing-reference", link_exported)
    app.connect("autodoc-skip-member", skip_routing)
    app.connect("source-read", notebook_pages.build_page)
    app.add_html_math_renderer("mathml", (mathml.inline, None), (mathml.block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
