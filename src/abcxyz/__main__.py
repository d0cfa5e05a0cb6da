"""``python -m abcxyz``: the command line, where no script was installed."""

import sys

from abcxyz.cli import main

if __name__ == "__main__":
    sys.exit(main())
