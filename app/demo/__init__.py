"""The demo: real work on real answers, through the same use cases as everybody's."""

from app.demo.load import load
from app.demo.replay import replay

__all__ = ["load", "replay"]
