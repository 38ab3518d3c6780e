"""Builds the site of docs/ in build/docs/html and checks its links; warnings are errors.

    python tools/build_docs.py                 all of it; the gallery's scripts run (minutes)
    python tools/build_docs.py --no-gallery    without running them

It needs the extra `docs` and a netlet that can be imported (installed, or built in python/netlet). NETLET_DOCS_ONLINE=1
also links the names of Python, NumPy and scikit-learn, for which it fetches their lists of names.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shutil
import sys
import time
import urllib.parse
from html.parser import HTMLParser

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Page(HTMLParser):
    """The ids of a page, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by HTMLParser."""
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a" and "name" in values:
            self.ids.add(values["name"])
        for name in ("href", "src"):
            if name in values:
                self.links.append(values[name])


def broken_links(site: pathlib.Path) -> list[str]:
    """The links of a site that lead nowhere.

    Links within the site must lead to a file and, with a fragment, to an id in it. Of links to other sites only the
    form is checked; they are not visited.

    Args:
        site: the folder of HTML files.

    Returns:
        "page: link (reason)" for each.
    """
    files = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files}
    broken = []
    for path, page in pages.items():
        for link in sorted(set(page.links)):
            reason = _fault(link, path, site, pages)
            if reason:
                broken.append(f"{path.relative_to(site)}: {link} ({reason})")
    return broken


def _fault(link: str, path: pathlib.Path, site: pathlib.Path, pages: dict[pathlib.Path, Page]) -> str:
    parts = urllib.parse.urlsplit(link)
    if parts.scheme in ("http", "https"):
        host = re.fullmatch(r"(([\w-]+\.)+[a-z]{2,}|localhost)(:\d+)?", parts.netloc)
        return "" if host and not re.search(r"\s", link) else "not an address"
    if parts.scheme in ("data", "mailto", "javascript"):
        return ""
    if parts.scheme or parts.netloc:
        return "not an address"
    target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site):
        return "leaves the site"
    if not target.exists():
        return "no such file"
    fragment = urllib.parse.unquote(parts.fragment)
    if fragment and target in pages and fragment not in pages[target].ids:
        return "no such anchor"
    return ""


def remove_stale(site: pathlib.Path, sources: pathlib.Path) -> None:
    """Removes the HTML of pages that are no more, which Sphinx leaves.

    Args:
        site: the folder of HTML files.
        sources: the folder of pages.
    """
    for path in site.rglob("*.html"):
        page = path.relative_to(site).as_posix().removesuffix(".html")  # with dots in names: api/layers.core
        made_by_sphinx = page in ("genindex", "search", "py-modindex") or "_static" in path.parts
        if not made_by_sphinx and not any((sources / f"{page}{ending}").exists() for ending in (".md", ".rst")):
            path.unlink()


def build(output: pathlib.Path, run_gallery: bool, processes: int) -> int:
    """Runs Sphinx.

    Args:
        output: the folder for `html` and Sphinx's own files.
        run_gallery: whether the gallery's scripts run.
        processes: how many processes read pages and run scripts.

    Returns:
        Sphinx's exit status.
    """
    from sphinx.cmd.build import main

    os.environ.setdefault("NETLET_NUM_THREADS", "1")
    os.environ.setdefault("MPLBACKEND", "agg")
    os.environ["NETLET_DOCS_PROCESSES"] = str(processes)
    if any((ROOT / "python" / "netlet").glob("_core*.so")):
        # A developer's build. The gallery's scripts run in processes of their own, which find it too.
        paths = [str(ROOT / "python"), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    options = ["-b", "html", "-d", str(output / "doctrees"), "-W", "--keep-going", "-q", "-j", str(processes)]
    if not run_gallery:
        options += ["-D", "plot_gallery=0"]
    return main([*options, str(ROOT / "docs"), str(output / "html")])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-gallery", action="store_true", help="do not run the gallery's scripts")
    parser.add_argument("--clean", action="store_true", help="build everything anew")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "docs", help="default: build/docs")
    parser.add_argument("--processes", type=int, default=2, help="default: 2")
    args = parser.parse_args()
    output = args.output.resolve()
    if args.clean:
        for folder in (output, ROOT / "docs" / "api", ROOT / "docs" / "auto_gallery"):
            shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    status = build(output, not args.no_gallery, args.processes)
    remove_stale(output / "html", ROOT / "docs")
    broken = broken_links(output / "html")
    print("\n".join(broken))
    print(f"{output / 'html' / 'index.html'}: Sphinx's status {status}, {len(broken)} broken links, ", end="")
    print(f"{time.monotonic() - start:.0f} s")
    return 1 if status or broken else 0


if __name__ == "__main__":
    sys.exit(main())
