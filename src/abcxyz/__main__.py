"""Entry point of the command line: a signal that comes while it is loading stops it then."""

import atexit
import gc
import signal
import sys


def main() -> int:
    """Run a command with the arguments of the process, and return its exit code."""
    # At its end the interpreter would search all records of the result for garbage once more.
    atexit.register(gc.freeze)
    arrived: list[int] = []

    def note(number: int, _frame: object) -> None:
        # Nothing can be said before the phrases are loaded, and an import is not to be broken off.
        arrived.append(number)

    usual = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    noted = [
        one
        for one, handler in usual.items()
        if handler in (signal.default_int_handler, signal.SIG_DFL)
    ]
    for one in noted:
        signal.signal(one, note)
    try:
        from abcxyz.cli import main as command

        return command(arrived=arrived)
    finally:
        for one in noted:
            signal.signal(one, usual[one])


if __name__ == "__main__":
    sys.exit(main())
