"""Mutants of a module: each differs from it in one place, in a way that a slip of the hand might.

A comparison that is off by one or turned round, other arithmetic, `and` for `or`, a condition turned round, a number
one larger or smaller, a result, a call or a refusal left out. Words, log lines, annotations and the declarations of
models (which the check of migrations holds) stay as they are.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# `EXACT.multiply(a, b)` is arithmetic as well.
NAMED = {"multiply": "divide", "divide": "multiply", "min": "max", "max": "min"}
LONGEST = 100


class Place(NamedTuple):
    """A top-level function or method; line 0 for what is carried out when the module is imported."""

    name: str
    line: int


class Mutant(NamedTuple):
    """One change: `number` is its place among the module's mutants."""

    path: str
    number: int
    place: Place
    line: int
    before: str
    after: str

    @property
    def name(self) -> str:
        """The same as long as that piece of code stays as it is, wherever it stands."""
        return f"{self.path} {self.place.name}: {self.before} → {self.after}"


Change = Callable[[], None]


def mutants(path: str, source: str) -> list[Mutant]:
    """All mutants of the module at `path`. Where two would have one name, the later ones are counted."""
    seen: dict[str, int] = {}
    found = []
    for number, (place, node, after, _change) in enumerate(_Walk(ast.parse(source), path).changes()):
        made = Mutant(path, number, place, node.lineno, _short(ast.unparse(node)), _short(after))
        seen[made.name] = count = seen.get(made.name, 0) + 1
        if count > 1:
            made = made._replace(before=f"{made.before} (the {count}. time)")
        found.append(made)
    return found


def mutated(path: str, source: str, number: int) -> ast.Module:
    """The module with its `number`th change made; its lines stay where they were."""
    tree = ast.parse(source)
    for each, (_place, _node, _after, change) in enumerate(_Walk(tree, path).changes()):
        if each == number:
            change()
            return ast.fix_missing_locations(tree)
    raise IndexError(f"{path} has no mutant {number}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


class _Walk:
    """Goes through a module in the order of its text."""

    def __init__(self, tree: ast.Module, path: str) -> None:
        self.tree = tree
        self.declares = path.endswith("models.py")

    def changes(self) -> Iterator[tuple[Place, Any, str, Change]]:
        """Where, which node, what stands there afterwards, and the change itself."""
        yield from self._body(self.tree, Place("(module)", 0), "")

    def _body(self, node: Any, place: Place, scope: str) -> Iterator[tuple[Place, Any, str, Change]]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_params") or (field, type(node)) == (
                "decorator_list",
                ast.ClassDef,
            ):
                continue
            children = value if isinstance(value, list) else [value]
            for index, child in enumerate(children):
                if not isinstance(child, ast.AST) or _is_words(child):
                    continue

                def put(
                    new: ast.AST, node: Any = node, field: str = field, value: Any = value, index: int = index
                ) -> Change:
                    def change() -> None:
                        if isinstance(value, list):
                            value[index] = ast.copy_location(new, value[index])
                        else:
                            setattr(node, field, ast.copy_location(new, value))

                    return change

                inside, deeper = place, scope
                outermost = place.line == 0
                if isinstance(child, ast.ClassDef) and outermost:
                    deeper = f"{scope}{child.name}."
                elif isinstance(child, ast.FunctionDef) and outermost and field == "body":
                    first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
                    inside = Place(f"{scope}{child.name}", first)
                    yield from self._function(child, place, inside, deeper)
                    continue
                if self.declares and outermost and not isinstance(child, ast.ClassDef):
                    continue
                for new in _instead(child):
                    yield inside, child, _said(new), put(new)
                yield from self._body(child, inside, deeper)

    def _function(
        self, function: ast.FunctionDef, outside: Place, inside: Place, scope: str
    ) -> Iterator[tuple[Place, Any, str, Change]]:
        """Decorators and defaults are carried out by whoever imports; the rest by whoever calls."""
        for index, decorator in enumerate(function.decorator_list):
            if ast.unparse(decorator).endswith(("property", "method", ".setter")):
                continue

            def undress(index: int = index) -> None:
                del function.decorator_list[index]

            yield outside, decorator, "no decorator", undress
        yield from self._body(function.args, outside, scope)
        body = ast.Module(body=function.body, type_ignores=[])
        yield from self._body(body, inside, scope)


def _is_words(node: ast.AST) -> bool:
    """Docstrings, and lines for the log."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    return isinstance(node.value, ast.Call) and ast.unparse(node.value.func).startswith("log.")


def _said(node: ast.AST) -> str:
    return "(left out)" if isinstance(node, ast.Pass) else ast.unparse(node)


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of `node`."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=right):
            for index, operator in enumerate(ops):
                for other in COMPARISONS[type(operator)]:
                    yield ast.Compare(left, [*ops[:index], other(), *ops[index + 1 :]], right)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in ARITHMETIC:
            yield ast.BinOp(left, ARITHMETIC[type(operator)](), right)
        case ast.AugAssign(target=target, op=operator, value=value) if type(operator) in ARITHMETIC:
            yield ast.AugAssign(target, ARITHMETIC[type(operator)](), value)
        case ast.BoolOp(op=operator, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield operand
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=str() as value)]):
            yield ast.Call(ast.Name("Decimal", ast.Load()), [ast.Constant(f"{value}1")], [])
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args, keywords=words) if name in NAMED:
            yield ast.Call(ast.Attribute(owner, NAMED[name], ast.Load()), args, words)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=words) if name in NAMED:
            yield ast.Call(ast.Name(NAMED[name], ast.Load()), args, words)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Expr() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
    test = getattr(node, "test", None)
    if isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(
        test, ast.Compare | ast.BoolOp | ast.UnaryOp
    ):
        turned: dict[str, Any] = dict(ast.iter_fields(node))
        yield type(node)(**turned | {"test": ast.UnaryOp(ast.Not(), test)})


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
