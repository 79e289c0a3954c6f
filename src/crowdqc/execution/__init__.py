"""Where the thinking is done; a URL chooses the adapter."""

from crowdqc.execution.port import Execution

__all__ = ["Execution"]
