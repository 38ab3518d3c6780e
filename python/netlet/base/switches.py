"""Switches of `netlet.config` that scripts for Keras set."""

from __future__ import annotations

from .messages import is_interactive, set_interactive

_flash_attention = True


def enable_interactive_logging() -> None:
    """Lets progress lines and messages go to sys.stdout, which is the default.

    >>> enable_interactive_logging()
    """
    set_interactive(True)


def disable_interactive_logging() -> None:
    """Lets progress lines and messages go to `logging.getLogger("netlet")` with the level INFO, one line at a time.

    >>> disable_interactive_logging()
    >>> is_interactive_logging_enabled()
    False
    >>> enable_interactive_logging()
    """
    set_interactive(False)


def is_interactive_logging_enabled() -> bool:
    """Whether progress lines and messages go to sys.stdout.

    Returns:
        True, unless `disable_interactive_logging` was called.

    >>> is_interactive_logging_enabled()
    True
    """
    return is_interactive()


def enable_flash_attention() -> None:
    """Undoes `disable_flash_attention`.

    >>> enable_flash_attention()
    """
    global _flash_attention
    _flash_attention = True


def disable_flash_attention() -> None:
    """Accepted for compatibility with Keras: `is_flash_attention_enabled` then returns False, and results are the same.

    netlet's attention never stores the matrix of scores unless a layer returns it.

    >>> disable_flash_attention()
    >>> is_flash_attention_enabled()
    False
    >>> enable_flash_attention()
    """
    global _flash_attention
    _flash_attention = False


def is_flash_attention_enabled() -> bool:
    """Whether `disable_flash_attention` was not called.

    Returns:
        True by default.

    >>> is_flash_attention_enabled()
    True
    """
    return _flash_attention


def enable_traceback_filtering() -> None:
    """Accepted for compatibility with Keras. netlet's tracebacks are always whole.

    >>> enable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    False
    """


def disable_traceback_filtering() -> None:
    """Accepted for compatibility with Keras. netlet's tracebacks are always whole.

    >>> disable_traceback_filtering()
    """


def is_traceback_filtering_enabled() -> bool:
    """Whether netlet's own frames are left out of tracebacks: never.

    Returns:
        False.

    >>> is_traceback_filtering_enabled()
    False
    """
    return False
