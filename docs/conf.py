"""Sphinx: the site is written in Markdown (MyST), its code is run when it is built, warnings are errors."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import spatialconv  # noqa: E402

project = "spatialconv"
author = "the spatialconv developers"
copyright = "the spatialconv developers"
version = release = spatialconv.__version__
language = "en"

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "copied",  # notebooks, and files of the repository that pages show
    "generated",  # reference, parity, rooms: written from the code
    "for_machines",  # llms.txt, schemas
]
exclude_patterns = ["_build", "_ext", "_templates", "**.ipynb_checkpoints", "jupyter_execute"]
templates_path = ["_templates"]
html_static_path = ["_static"]
nitpicky = False

# Code of the pages is run when they are built, and what it prints stands below it; notebooks come with their outputs,
# which the tests hold against the code.
nb_execution_mode = "cache"
nb_execution_excludepatterns = ["tutorials/*.ipynb"]
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_output_stderr = "remove"
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

autosummary_generate = True
autodoc_typehints = "none"  # the docstring says it in words
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = "spatialconv"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "icon_links": [
        {"name": "Source", "url": "https://github.com/spatialconv/spatialconv", "icon": "fa-brands fa-github"},
    ],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "gallery/**": [], "zh/**": ["sidebar-nav-bs"]}
linkcheck_ignore = [r"https://github\.com/spatialconv/.*"]  # the home is a placeholder until the first release
