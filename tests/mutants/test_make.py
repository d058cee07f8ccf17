"""The maker of mutants: which slips it makes, which it leaves, and that each is one change."""

import ast

import pytest

import core
from tests.mutants import make, plant, run

SOURCE = '''
"""A module."""
import logging
log = logging.getLogger(__name__)
MOST = 3

def first(rows: "list[int]" = []) -> int | None:
    """Says 1."""
    log.info("looked at %d", 1)
    if not rows:
        raise ValueError("none")
    return rows[0] if len(rows) <= MOST else None


class Till:
    @property
    def left(self):
        return self.all - self.held
'''


def names(source, path="shop/till.py"):
    return [mutant.name.removeprefix(f"{path} ") for mutant in make.mutants(path, source)]


def test_each_slip_is_made_once_and_words_are_left():
    assert names(SOURCE) == [
        "(module): 3 → 4",
        "(module): 3 → 2",
        "first: not rows → rows",
        "first: raise ValueError('none') → (left out)",
        "first: return rows[0] if len(rows) <= MOST else None → return None",
        "first: len(rows) <= MOST → len(rows) < MOST",
        "first: len(rows) <= MOST → len(rows) > MOST",
        "first: 0 → 1",
        "first: 0 → -1",
        "Till.left: return self.all - self.held → return None",
        "Till.left: self.all - self.held → self.all + self.held",
    ]


@pytest.mark.parametrize(
    ("code", "after"),
    [
        ("a < b", ["a <= b", "a >= b"]),
        ("a is b", ["a is not b"]),
        ("a in b", ["a not in b"]),
        ("a and b", ["a or b"]),
        ("-a", ["a"]),
        ("a * b", ["a / b"]),
        ("a & b", ["a | b"]),
        ("True", ["False"]),
        ("EXACT.multiply(a, b)", ["EXACT.divide(a, b)"]),
        ("min(a, b)", ["max(a, b)"]),
        ("Decimal('0.5')", ["Decimal('0.51')"]),
        ("b if a else c", ["b if not a else c"]),
        ("'a' + b", ["'a' - b"]),
        ("'words'", []),
    ],
)
def test_what_stands_in_the_place_of_an_expression(code, after):
    assert [name.partition(" → ")[2] for name in names(f"x = {code}")] == after


def test_the_same_slip_in_the_same_function_is_counted():
    assert names("def f(a):\n    g(a < 1)\n    return a < 1")[1] == "f: a < 1 → a <= 1"
    assert "f: a < 1 (the 2. time) → a <= 1" in names("def f(a):\n    g(a < 1)\n    return a < 1")


def test_declarations_of_models_are_left():
    source = "class Account(Model):\n    kind = CharField(max_length=12)\n    def f(self):\n        return self.a == 1"
    assert [name.partition(":")[0] for name in names(source, "wallet/models.py")] == ["Account.f"] * 4


def test_a_mutant_differs_in_its_one_place_and_keeps_its_lines():
    whole = ast.parse(SOURCE)
    for mutant in make.mutants("shop/till.py", SOURCE):
        tree = make.mutated("shop/till.py", SOURCE, mutant.number)
        changed = [
            (old, new)
            for old, new in zip(ast.unparse(whole).splitlines(), ast.unparse(tree).splitlines(), strict=True)
            if old != new
        ]
        assert len(changed) == 1, mutant
        assert run._find(compile(tree, "till.py", "exec"), make.Place("Till.left", 16)).co_name == "left"
    with pytest.raises(IndexError):
        make.mutated("shop/till.py", SOURCE, 99)


def test_a_planted_module_is_the_mutant():
    path = "core/money.py"
    source = (plant.ROOT / path).read_text()
    mutant = next(each for each in make.mutants(path, source) if each.before == "Decimal('0.000001')")

    spec = plant.Planted(path, mutant.number).find_spec("core.money", core.__path__)
    namespace = {"__name__": "a_copy"}
    exec(spec.loader.get_code("core.money"), namespace)

    assert str(namespace["MICRO"]) == "0.0000011"
    assert plant.Planted(path, mutant.number).find_spec("core.alerts") is None
