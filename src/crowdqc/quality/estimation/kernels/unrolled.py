"""Loops over a few states are written out before they are compiled, so that short rows are registers."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any


def specialised(
    function: Callable[..., Any], suffix: str, names: Mapping[str, Any], loops: Mapping[str, int]
) -> Callable[..., Any]:
    """Make a function anew with `names` in place of its globals, and with its loops over k written out.

    Parameters
    ----------
    loops
        How often each `for k in range(NAME)` goes round. In it an array that is read at [k] becomes so many
        variables, as it does at [NAME]. Without any, the function stays as it is written.
    """
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    ast.increment_lineno(tree, first - 1)
    if loops:
        tree = ast.fix_missing_locations(_Unroll(loops).visit(tree))
    made = tree.body[0]
    assert isinstance(made, ast.FunctionDef)
    made.name = f"{made.name}_{suffix}"
    space = {**function.__globals__, **names}
    # The file's own name, so that the compiler's cache goes with the file.
    exec(compile(tree, function.__code__.co_filename, "exec"), space)  # noqa: S102
    result: Callable[..., Any] = space[made.name]
    result.__module__ = function.__module__
    return result


class _Unroll(ast.NodeTransformer):
    def __init__(self, loops: Mapping[str, int]) -> None:
        self._loops = loops
        self._k: int | None = None

    def visit_For(self, node: ast.For) -> Any:
        times = self._times(node)
        if times is None:
            return self.generic_visit(node)
        out = []
        for k in range(times):
            self._k = k
            out += [self.visit(copy.deepcopy(each)) for each in node.body]
        self._k = None
        return out or ast.Pass()

    def visit_Assign(self, node: ast.Assign) -> Any:
        # `row = np.empty(S)`: what becomes registers needs no room
        if ast.unparse(node.value) == "np.empty(S)":
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        where = node.slice
        if isinstance(node.value, ast.Name) and isinstance(where, ast.Name):
            if where.id == "k" and self._k is not None:
                return ast.Name(f"{node.value.id}_{self._k}", node.ctx)
            if where.id in self._loops:
                return ast.Name(f"{node.value.id}_{self._loops[where.id]}", node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id == "k" and self._k is not None:
            return ast.parse(f"U({self._k})", mode="eval").body
        return node

    def _times(self, node: ast.For) -> int | None:
        over = node.iter
        if isinstance(node.target, ast.Name) and node.target.id == "k" and isinstance(over, ast.Call):
            (count,) = over.args
            return self._loops.get(count.id) if isinstance(count, ast.Name) else None
        return None
