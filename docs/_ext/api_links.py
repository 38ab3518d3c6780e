"""Code in a line of text that is a public name of netlet becomes a link to the reference, once in a section."""

from __future__ import annotations

from typing import Any

import public_names
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

NO_LINKS_IN = (nodes.title, nodes.reference, addnodes.pending_xref, addnodes.desc_signature, nodes.rubric)


class ApiLinks(SphinxTransform):
    """Wraps literals in references."""

    default_priority = 410

    def apply(self, **kwargs: Any) -> None:
        """Runs after a page is parsed."""
        seen: set[tuple[int, str]] = set()
        for node in list(self.document.findall(nodes.literal)):
            text = node.astext()
            target = public_names.links().get(text.removesuffix("()"))
            if not target or node.get("classes", []) not in ([], ["docutils"], ["code"]) or _inside(node, NO_LINKS_IN):
                continue
            section = _ancestor(node, (nodes.section, addnodes.desc))
            if section is not None:
                if isinstance(section, addnodes.desc) and target in section[0].get("ids", []):
                    continue  # the entry itself
                if (id(section), target) in seen:
                    continue
                seen.add((id(section), target))
            link = addnodes.pending_xref(
                refdomain="py", reftype="obj", reftarget=target, refexplicit=True, refdoc=self.env.docname
            )
            node.replace_self(link)
            link += node


def _ancestor(node: nodes.Node, kinds: tuple[type, ...]) -> nodes.Element | None:
    while node is not None and not isinstance(node, kinds):
        node = node.parent
    return node


def _inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    return _ancestor(node.parent, kinds) is not None


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_transform(ApiLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
