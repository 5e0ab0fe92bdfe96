"""Everything a stranger can send, read from the code itself, so that a new field or filter is attacked from its first day."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

from django import forms

import fenqi

SOURCE = Path(fenqi.__file__).parent
# Fields that hold no text of the sender's: a box, a choice, a file, a day, a number.
CLOSED = (
    forms.BooleanField,
    forms.ChoiceField,
    forms.FileField,
    forms.DateField,
    forms.IntegerField,
)


def query_names() -> set[str]:
    """Every name a view reads from an address."""
    return _names("GET")


def posted_names() -> set[str]:
    """Every name a view reads from a form without a form class."""
    return _names("POST")


def form_fields() -> dict[str, type[forms.Form]]:
    """Every text field of every form class, with the form."""
    for package in ("fenqi.web", "fenqi.ops", "fenqi.api"):
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            importlib.import_module(module.name)
    return {
        name: kind
        for kind in _below(forms.Form)
        if kind.__module__.startswith("fenqi.")
        for name, field in kind.base_fields.items()
        if not isinstance(field, CLOSED)
    }


def _below(kind: type[forms.Form]) -> set[type[forms.Form]]:
    return {kind} | {below for child in kind.__subclasses__() for below in _below(child)}


def _names(where: str) -> set[str]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        if "sandbox" in path.parts:
            continue
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        other_names = {
            target.id
            for node in nodes
            if isinstance(node, ast.Assign) and any(_is_it(one, where) for one in ast.walk(node.value))
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in nodes:
            found |= _read(node, where, other_names)
    return found


def _is_it(node: ast.AST, where: str, other_names: set[str] = frozenset()) -> bool:
    """request.GET, or what a module calls it: posted = request.POST."""
    if isinstance(node, ast.Name):
        return node.id in other_names
    return isinstance(node, ast.Attribute) and node.attr == where


def _read(node: ast.AST, where: str, other_names: set[str]) -> set[str]:
    """request.GET.get("x"), request.GET.getlist("x"), request.GET["x"], "x" in request.GET, and what is asked of the shell."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _read_by_shell(node, where)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        holder, name = node.func.value, node.args[0]
    elif isinstance(node, ast.Subscript):
        holder, name = node.value, node.slice
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
        holder, name = node.comparators[0], node.left
    else:
        return set()
    return (
        {name.value}
        if _is_it(holder, where, other_names)
        and isinstance(name, ast.Constant)
        and isinstance(name.value, str)
        else set()
    )


def _read_by_shell(node: ast.Call, where: str) -> set[str]:
    """typed(request.GET, "x"); date_asked(request, "x", ...)."""
    if len(node.args) < 2 or not isinstance(name := node.args[1], ast.Constant):
        return set()
    is_read = {"typed": _is_it(node.args[0], where), "date_asked": where == "GET"}
    return {str(name.value)} if is_read.get(node.func.id) else set()
