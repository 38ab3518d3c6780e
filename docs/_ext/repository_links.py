"""Links that leave docs/ lead to the repository, or become code where the project has no address yet.

Links within docs/ whose text is a file's name get the page's title.

Pages link to files of the repository with relative paths, so that they work where the files are read in place. A page
that includes a file of the root (CHANGELOG.md) contains that file's links, which are relative to the root.
"""

from __future__ import annotations

import os
import pathlib
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Files of the root that are pages of the site.
PAGES = {"CHANGELOG.md": "changelog", "CONTRIBUTING.md": "internals/contributing"}

logger = logging.getLogger(__name__)


class RepositoryLinks(SphinxTransform):
    """Replaces MyST's references to files outside docs/."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Runs after a page is parsed, before its downloads are collected."""
        for node in list(self.document.findall(self._leaves_the_pages)):
            self._replace(node)
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("refdomain") == "doc" and node.get("reftype") == "myst":
                _use_title(node)

    def _leaves_the_pages(self, node: nodes.Node) -> bool:
        if not isinstance(node, (addnodes.download_reference, addnodes.pending_xref)) or node.get("reftype") != "myst":
            return False
        return node.get("refdomain") != "doc" or node["reftarget"] not in self.env.found_docs

    def _replace(self, node: nodes.Element) -> None:
        target, _, anchor = node["reftarget"].partition("#")
        anchor = anchor or node.get("reftargetid") or ""
        path = self._path(target)
        if path is None:
            return  # MyST warns of what it cannot resolve
        if (page := PAGES.get(path)) and page in self.env.found_docs:
            new: nodes.Element = addnodes.pending_xref(
                refdomain="doc",
                reftype="myst",
                reftarget=page,
                reftargetid=anchor or None,
                refexplicit=True,
                refdoc=self.env.docname,
            )
            new += node.children
        elif self.config.repository_url:
            new = nodes.reference("", "", refuri=f"{self.config.repository_url}/blob/main/{path}")
            new += node.children
        else:
            new = _as_code(node, path)
        node.replace_self(new)

    def _path(self, target: str) -> str | None:
        """The file's path from the root, if there is such a file."""
        folder = pathlib.Path(self.env.srcdir, self.env.docname).parent
        for base in (folder, ROOT):
            for suffix in ("", ".md"):
                path = pathlib.Path(os.path.normpath(base / (target + suffix)))
                if target and path.exists() and path.is_relative_to(ROOT):
                    return path.relative_to(ROOT).as_posix()
        return None


def _use_title(node: addnodes.pending_xref) -> None:
    """Makes MyST write a page's title where the link's text is only the file's name."""
    name = node["reftarget"].rsplit("/", 1)[-1]
    if node.astext() == f"{name}.md" and not node.get("reftargetid"):
        node["refexplicit"] = False
        node.children = [nodes.inline("", "", classes=["std", "std-doc"])]


def _as_code(node: nodes.Element, path: str) -> nodes.Element:
    """The link's text as code if it names the file, otherwise the text and the path in parentheses."""
    text = node.astext()
    if pathlib.PurePath(path).name in text or any(node.findall(nodes.literal)):
        return nodes.literal("", text)
    result = nodes.inline("", "", *node.children)
    result += [nodes.Text(" ("), nodes.literal("", path), nodes.Text(")")]
    return result


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_config_value("repository_url", "", "env")
    app.add_transform(RepositoryLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
