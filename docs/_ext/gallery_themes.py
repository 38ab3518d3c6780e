"""The gallery's themes. docs/gallery/ is one flat folder; sphinx-gallery makes a section of each folder that it finds.

A script names its row of the lecture notes in a line `# Lecture notes: ...`. The table below puts the rows into themes,
in the order in which a learner meets them; a script whose row is not there comes last, under its own title.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
from typing import Any

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "gallery"

# {theme: (sentence below its title, [first words of the rows])}
THEMES: dict[str, tuple[str, list[str]]] = {
    "First networks": (
        "From one weight to a network that reads digits.",
        [
            "Neuron",
            "Linear regression",
            "Multiple, polynomial",
            "McCulloch-Pitts",
            "Universal approximation",
            "Activations",
            "MLP on digits",
        ],
    ),
    "How a network learns": (
        "Costs, gradients and the ways down.",
        ["Loss and cost", "Multi-class", "Backpropagation", "Batch, stochastic", "Vanishing", "Reproducibility"],
    ),
    "Data, measures and what can go wrong": (
        "Tables and pictures as inputs, honest measures, and models that fit too well.",
        [
            "Min-max scaling",
            "Churn",
            "Metrics",
            "Overfitting",
            "Hyper-parameter search",
            '"A random image',
            "Larger data",
        ],
    ),
    "Images": (
        "Convolutions, and what is built from them.",
        ["CNN", "Transfer learning", "Detection", "Image captioning"],
    ),
    "Sequences and language": (
        "Networks with memory, words as vectors, attention.",
        ["RNN", "LSTM", "Stock-price", "Word2Vec", "Next-word", "Transformers"],
    ),
    "Structure without labels, and play": (
        "Autoencoders, generators and agents.",
        ["Autoencoder", "GAN"],
    ),
    "Small numbers": (
        "Floats of 16 bits and integers of 8.",
        ["FP32", "absmax", "zero point", "Post-training"],
    ),
}
REST = ("More", "Pages on other subjects.")
HEADER = """\
Gallery
=======

Each page is a script that runs as it is: download it, change something and look at what happens. The pages follow the
order of a course, but each stands alone. All use data that comes with scikit-learn or is made in the page.

"""


def rows_of(script: pathlib.Path) -> list[str]:
    """The rows of the lecture notes that a script shows."""
    line = re.search(r"^# Lecture notes: (.+)$", script.read_text(encoding="utf-8"), re.M)
    return [row.strip() for row in line[1].split(";")] if line else []


def place(script: pathlib.Path) -> tuple[int, int]:
    """Number of a script's theme, and its place in the theme."""
    for theme, (_, rows) in enumerate(THEMES.values()):
        for position, row in enumerate(rows):
            if any(name.startswith(row) or row.startswith(name) for name in rows_of(script)[:1]):
                return theme, position
    return len(THEMES), 0


def arrange(scripts: pathlib.Path, target: pathlib.Path) -> list[str]:
    """Copies the scripts into a folder for each theme.

    Args:
        scripts: docs/gallery.
        target: what sphinx-gallery reads; emptied first.

    Returns:
        The folders, in order.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / "GALLERY_HEADER.rst").write_text(HEADER, encoding="utf-8")
    titles = [(title, sentence) for title, (sentence, _) in THEMES.items()] + [REST]
    folders = []
    for script in sorted(scripts.glob("plot_*.py"), key=lambda path: (*place(path), path.name)):
        theme, _ = place(script)
        title, sentence = titles[theme]
        folder = target / re.sub(r"\W+", "-", title.lower())
        if not folder.exists():
            folder.mkdir()
            header = f"{title}\n{'-' * len(title)}\n\n{sentence}\n\n"
            (folder / "GALLERY_HEADER.rst").write_text(header, encoding="utf-8")
            folders.append(str(folder))
        text = re.sub(r"^# Lecture notes: .*\n", "", script.read_text(encoding="utf-8"), count=1, flags=re.M)
        (folder / script.name).write_text(text, encoding="utf-8")
    return folders


class ThemeOrder:
    """sphinx-gallery's order of the scripts of a folder.

    Args:
        folder: one of those that `arrange` writes.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> tuple[tuple[int, int], str]:
        """The place of a script."""
        return place(SCRIPTS / name), name

    def __repr__(self) -> str:
        return "ThemeOrder"


def settings(target: pathlib.Path) -> dict[str, Any]:
    """The value of `sphinx_gallery_conf`.

    Args:
        target: a folder for the arranged copies.
    """
    from sphinx_gallery.sorting import ExplicitOrder

    folders = arrange(SCRIPTS, target)
    return {
        "examples_dirs": [str(target)],
        "gallery_dirs": ["auto_gallery"],
        "subsection_order": ExplicitOrder([os.path.relpath(folder, SCRIPTS.parent) for folder in folders] + ["*"]),
        "within_subsection_order": "gallery_themes.ThemeOrder",
        "filename_pattern": "/plot_",
        "parallel": int(os.environ.get("NETLET_DOCS_PROCESSES", 1)),
        "download_all_examples": False,
        "remove_config_comments": True,
        "write_computation_times": False,
        "min_reported_time": 1000,
        "show_signature": False,
        # Each API page lists the gallery's pages that use a name.
        "doc_module": ("netlet",),
        "backreferences_dir": "auto_gallery/uses",
        "reference_url": {"netlet": None},
    }
