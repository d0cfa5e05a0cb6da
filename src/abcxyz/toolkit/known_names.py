"""Check for unknown names, such as misspelt keys of a configuration table."""

from __future__ import annotations

from collections.abc import Iterable

from abcxyz.errors import AbcxyzError, ConfigError

__all__ = ["check_known"]


def check_known(
    template: str,
    *,
    key: Iterable[str],
    known: Iterable[str],
    error: type[AbcxyzError] = ConfigError,
    **details: object,
) -> None:
    """Raise an error for the first name that is not among the known ones.

    Parameters
    ----------
    template
        Template of the message, with the fields ``{key}`` and ``{known}``, and those of
        *details*.
    key
        The names to check, such as the keys of a table.
    known
        The accepted names.
    error
        Class of the error.
    **details
        Further fields of the template.

    Raises
    ------
    AbcxyzError
        Of the class *error*: a name is unknown.

    Examples
    --------
    >>> check_known("there is no {key!r}; known are {known}", key=["a", "c"], known=["a", "b"])
    Traceback (most recent call last):
    abcxyz.errors.ConfigError: there is no 'c'; known are a, b
    """
    names = list(known)
    for one in key:
        if one not in names:
            raise error(template, key=one, known=", ".join(names), **details)
