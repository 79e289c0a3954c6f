"""What the tests have computed elsewhere: in a module of their own, which another process loads quickly."""

from __future__ import annotations

import os
import time


class Unwell(Exception):
    """Raised where the computing is done."""


def squared(value: int) -> int:
    return value * value


def slower_first(value: int) -> int:
    time.sleep(0.05 * (3 - value))
    return value


def odd_only(value: int) -> int:
    if value % 2 == 0:
        raise Unwell(f"{value} is even")
    return value


def dying(value: int) -> int:
    os._exit(value)


def own_process(_: int) -> int:
    return os.getpid()
