"""Sphinx's settings. `python tools/build_docs.py` builds the site."""

from __future__ import annotations

import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "_ext"))
if any((ROOT / "python" / "netlet").glob("_core*.so")):  # a developer's build; otherwise the installed netlet
    sys.path.insert(0, str(ROOT / "python"))

import gallery_themes  # noqa: E402

project = "netlet"
author = "The netlet developers"
copyright = author
release = version = re.search(r'__version__ = "(.*?)"', (ROOT / "python/netlet/version.py").read_text("utf-8"))[1]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "repository_links",
    "docstring_markup",
    "signatures",
    "api_links",
    "api_pages",
]
exclude_patterns = ["_ext", "_static", "gallery", "auto_gallery/**/*.ipynb", "auto_gallery/**/*.py"]
nitpicky = False
smartquotes_action = "D"  # dashes; quotes stay straight
html_math_renderer = "mathml"

# Where the links go that leave docs/. Without an address in pyproject.toml they become code.
_url = re.search(r'^(?:Repository|Source|Homepage) = "(.*?)/?"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
repository_url = _url[1] if _url else ""

# Markdown.
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

# Docstrings.
autodoc_typehints = "none"  # docs/_ext/signatures.py writes them beside the descriptions
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Source"]
add_module_names = False
toc_object_entries_show_parents = "hide"

# Names of Python, NumPy and scikit-learn become links in a build that may use the network.
intersphinx_mapping = (
    {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }
    if os.environ.get("NETLET_DOCS_ONLINE")
    else {}
)

# The gallery: docs/gallery/plot_*.py, arranged in themes below build/.
sphinx_gallery_conf = gallery_themes.settings(ROOT / "build" / "gallery")

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_title = f"netlet {version}"
html_static_path = ["_static"]
html_css_files = ["netlet.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "get-started": [], "performance": [], "troubleshooting": [], "changelog": []}
html_theme_options = {
    "logo": {"text": "netlet"},
    "show_prev_next": False,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
