"""Which checkpoint was written last: what the error of a lost process names."""

from __future__ import annotations

_last = ""


def note_checkpoint(path: str, epoch: int, batch: int = 0) -> None:
    """Records that training can resume from a file or folder.

    Args:
        path: of the file or folder, absolute.
        epoch: number of the first epoch that it lacks, from 0.
        batch: number of the first batch of that epoch that it lacks, from 0.
    """
    global _last
    _last = f"{path} (after {epoch} epochs{f' and {batch} batches' if batch else ''})"


def last_checkpoint() -> str:
    """A sentence about the last checkpoint.

    >>> note_checkpoint("/home/me/backup", 2, 11)
    >>> last_checkpoint()
    'Last checkpoint: /home/me/backup (after 2 epochs and 11 batches).'
    """
    return f"Last checkpoint: {_last}." if _last else "No checkpoint was written."
