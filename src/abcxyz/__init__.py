"""ABC/XYZ customer segmentation.

Plain arrays in, frozen results out: see `classify_abc`, `classify_xyz`, `analyze`. Importing this
package loads numpy and attrs, and nothing heavier.
"""

from typing import TYPE_CHECKING

from abcxyz import core, errors
from abcxyz.core import *  # noqa: F403
from abcxyz.errors import *  # noqa: F403

if not TYPE_CHECKING:
    # Type checkers treat names of a star import as exported, and cannot read a computed list.
    __all__ = sorted([*core.__all__, *errors.__all__])
