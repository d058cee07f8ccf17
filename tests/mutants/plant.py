"""A pytest plugin that puts one mutant in the place of its module, before anybody imports it.

For what is carried out on import: `MUTANT=wallet/permit.py:3 pytest -p tests.mutants.plant …`.
"""

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from tests.mutants.make import mutated

ROOT = Path(__file__).resolve().parent.parent.parent


class Planted(MetaPathFinder):
    """Finds the module at `path` with its `number`th change in it."""

    def __init__(self, path: str, number: int) -> None:
        self.path, self.number = path, number
        self.module = path.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None
        spec.loader = _Loader(fullname, str(ROOT / self.path), self)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, planted: Planted) -> None:
        super().__init__(fullname, path)
        self.planted = planted

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text()
        return compile(mutated(self.planted.path, source, self.planted.number), self.path, "exec")


if wanted := os.environ.get("MUTANT"):
    where, _, count = wanted.rpartition(":")
    sys.meta_path.insert(0, Planted(where, int(count)))
