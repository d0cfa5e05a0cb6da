"""How Sphinx builds these pages: ``nox -s docs``."""

from __future__ import annotations

from importlib.metadata import version as installed_version

from abcxyz import _arrays as _typing

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

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_ref_domains = ["std", "py"]

autosummary_generate = True
autodoc_typehints = "signature"
autodoc_type_aliases = {name: name for name in _typing.__all__}
napoleon_google_docstring = False
napoleon_use_rtype = False

# `Name` links where it can and is plain code where it cannot.
default_role = "py:obj"
# Our own names must resolve; those of other libraries would need a network.
nitpick_ignore_regex = [
    ("py:.*", r"(?!abcxyz).*"),
    # Type variables have no page.
    ("py:class", r"abcxyz[\w.]*\.([A-Z]|FrameT)"),
]
