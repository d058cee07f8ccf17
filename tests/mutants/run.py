"""A pytest plugin that, in the place of the tests' one run, runs them on each mutant in turn.

First all tests run once, and which of them call which functions is noted. Then each mutant gets a fork of this process
and a copy of its database: the new code goes into the function where it stands, whoever imported it, and the tests that
call the function run, the quick ones first, until one fails. What is not inside a function, and is no plain constant of
its module, needs a process that has not imported it yet: `aside` keeps those for `tests.mutants.plant`.
"""

import ast
import gc
import os
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, settings

from tests.mutants.make import Mutant, Place, mutants, mutated
from tests.mutants.plant import ROOT

# Processor seconds a mutant may take, beside three times what its tests took; and how long by the clock.
PATIENCE = 20
ALARM = 300
SURVIVED, KILLED, BROKEN = 0, 1, 3


class Fate(NamedTuple):
    """What became of a mutant: the test that failed, `(stuck)` when it ran for too long, None when all passed."""

    mutant: Mutant
    by: str | None


class Mutation:
    """The plugin. `paths` are the modules, relative to the project."""

    def __init__(self, paths: list[str]) -> None:
        # On a busy machine drawing takes long, which says nothing; and the same mutant shall fare the same again.
        settings.register_profile(
            "mutants", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
        )
        settings.load_profile("mutants")
        self.sources = {path: (ROOT / path).read_text() for path in paths}
        self.mutants = [each for path, source in self.sources.items() for each in mutants(path, source)]
        self.fates: list[Fate] = []
        self.aside: list[Mutant] = []
        self._seconds: dict[str, float] = {}
        self._callers: dict[tuple[str, Place], set[str]] = defaultdict(set)
        self._items: dict[str, pytest.Item] = {}
        self._standing: dict[tuple[str, Place], list[FunctionType]] = defaultdict(list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests can't be collected")
        self._items = {item.nodeid: item for item in session.items}
        self._watch()
        self._find_functions()
        # Objects that no fork's garbage collector looks at stay in memory that all of them share.
        gc.freeze()
        code, said = self._fork(lambda: None, list(self._items))
        if code != SURVIVED:
            raise pytest.UsageError(f"a fork without any mutant ended with {code}: {said}")
        began = time.monotonic()
        for count, mutant in enumerate(self.mutants, 1):
            fate = self._fate(mutant)
            if fate is None:
                self.aside.append(mutant)
            else:
                self.fates.append(fate)
                passed = time.monotonic() - began
                word = f"dies: {fate.by.partition('::')[2] or fate.by}" if fate.by else "lives"
                print(f"{count}/{len(self.mutants)} {passed:.0f} s {mutant.name} {word}", file=sys.stderr)
        return True

    # ── The run without a mutant ───────────────────────────────────────────────────────────────────
    def _watch(self) -> None:
        """Run every test once; note how long it takes and which of the functions it calls, in any thread."""
        places = {path: list(_functions(source)) for path, source in self.sources.items()}
        known: dict[CodeType, tuple[str, Place] | None] = {}
        now = ""

        def place_of(code: CodeType) -> tuple[str, Place] | None:
            path = code.co_filename.removeprefix(f"{ROOT}/")
            for place, end in places.get(path, ()):
                if place.line <= code.co_firstlineno <= end:
                    return path, place
            return None

        def seen(frame: Any, event: str, argument: Any) -> None:
            if event == "call":
                code = frame.f_code
                if code not in known:
                    known[code] = place_of(code)
                if (place := known[code]) is not None:
                    self._callers[place].add(now)

        for now, item in self._items.items():
            began = time.process_time()
            threading.setprofile(seen)
            sys.setprofile(seen)
            try:
                failed = _fails(item)
            finally:
                sys.setprofile(None)
                threading.setprofile(None)  # type: ignore[arg-type]
            self._seconds[now] = time.process_time() - began
            if failed:
                raise pytest.UsageError(f"{now} fails without any mutant:\n{failed}")

    def _find_functions(self) -> None:
        """Where each function of the modules stands, also below its decorators."""
        names = {str(ROOT / path) for path in self.sources}
        for each in gc.get_objects():
            if type(each) is FunctionType and (name := each.__code__.co_filename) in names:
                self._standing[name, _name(each.__code__)].append(each)

    # ── One mutant ─────────────────────────────────────────────────────────────────────────────────
    def _fate(self, mutant: Mutant) -> Fate | None:
        """None where a fork can't tell."""
        plant = self._change(mutant)
        if mutant.place.line == 0:
            tests = list(self._items)
        else:
            tests = list(self._callers[mutant.path, mutant.place])
        if plant is None or not tests:
            return None
        code, said = self._fork(plant, tests)
        if code in (SURVIVED, KILLED):
            return Fate(mutant, said.partition("\n")[0] or None)
        if code in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
            return Fate(mutant, "(stuck)")
        raise RuntimeError(f"{mutant.name}: the fork ended with {code}: {said}")

    def _fork(self, plant: Callable[[], None], tests: list[str]) -> tuple[int, str]:
        """The exit code of a fork with the change in it, and what it said."""
        tests.sort(key=lambda name: self._seconds[name])
        from django.db import connections

        connections.close_all()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            self._child(plant, tests, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), said

    def _child(self, plant: Callable[[], None], tests: list[str], writing: int) -> None:
        """Never returns."""
        code, said = BROKEN, ""
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(nothing, standard)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(ALARM)
            patience = int(PATIENCE + 3 * sum(self._seconds[name] for name in tests))
            resource.setrlimit(resource.RLIMIT_CPU, (patience, patience + 5))
            _own_database()
            plant()
            for name in tests:
                if why := _fails(self._items[name]):
                    said = f"{name}\n{why[-3000:]}"
                    break
            code = KILLED if said else SURVIVED
        except BaseException:
            said = traceback.format_exc()
        finally:
            os.write(writing, said.encode()[:4000])  # less than a pipe holds, since nobody reads yet
            os._exit(code)

    def _change(self, mutant: Mutant) -> Callable[[], None] | None:
        """What puts the mutant into the fork; None where the module has to be imported for it."""
        source = self.sources[mutant.path]
        tree = mutated(mutant.path, source, mutant.number)
        if mutant.place.line == 0:
            name = _constant(source, mutant)
            return partial(_rebind, mutant.path, name, tree) if name else None
        filename = str(ROOT / mutant.path)
        new = _find(compile(tree, filename, "exec"), mutant.place)
        standing = self._standing[filename, _name(new)]
        # Without its `super()` a method no longer knows its class, and a function can't change what it encloses.
        if not standing or any(new.co_freevars != function.__code__.co_freevars for function in standing):
            return None
        return partial(_replace, standing, new)


def _replace(standing: list[FunctionType], new: CodeType) -> None:
    for function in standing:
        function.__code__ = new


def _fails(item: pytest.Item) -> str:
    """Run one test; what it said when it failed. Leaves what belongs to the whole session in place."""
    reports = runtestprotocol(item, nextitem=item.session, log=False)  # type: ignore[arg-type]
    return next((report.longreprtext or report.when for report in reports if report.failed), "")


def _functions(source: str) -> Iterator[tuple[Place, int]]:
    """Top-level functions and methods, each with its last line."""

    def within(body: list[ast.stmt], scope: str) -> Iterator[tuple[Place, int]]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from within(node.body, f"{scope}{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                yield Place(f"{scope}{node.name}", first), node.end_lineno or node.lineno

    return within(ast.parse(source).body, "")


def _name(code: CodeType) -> Place:
    return Place(code.co_qualname, code.co_firstlineno)


def _find(code: CodeType, place: Place) -> CodeType:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if _name(constant) == place:
                return constant
            if constant.co_firstlineno <= place.line and place.name.startswith(f"{constant.co_qualname}."):
                return _find(constant, place)
    raise LookupError(place)


def _constant(source: str, mutant: Mutant) -> str | None:
    """The name of the module's plain constant, or class, that the mutant is about."""
    for node in ast.parse(source).body:
        if node.lineno <= mutant.line <= (node.end_lineno or 0):
            return _named(node)
    return None


def _named(node: ast.stmt) -> str | None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.ClassDef(name=name):
            return name
    return None


def _rebind(path: str, name: str, tree: ast.Module) -> None:
    """Give the constant or class its new form, in its module and in every module that imported it."""
    module = sys.modules[path.removesuffix(".py").replace("/", ".")]
    statement = next(node for node in tree.body if _named(node) == name)
    old = getattr(module, name)
    exec(compile(ast.Module([statement], []), path, "exec"), module.__dict__)
    new = getattr(module, name)
    for other in list(sys.modules.values()):
        if getattr(other, "__dict__", {}).get(name) is old:
            setattr(other, name, new)


def _own_database() -> None:
    """A copy of the database, so that what a mutant commits is gone with it."""
    from django.db import connection

    was = connection.settings_dict["NAME"]
    if not Path(was).exists():  # no test has asked for it yet
        return
    mine = Path(f"{was}.{os.getpid()}")
    shutil.copyfile(was, mine)
    connection.settings_dict["NAME"] = str(mine)
