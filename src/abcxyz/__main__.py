"""Entry point of ``python -m abcxyz``, the command line."""

import sys

from abcxyz.cli import main

if __name__ == "__main__":
    sys.exit(main())
