"""What a formula may say: columns, numbers, arithmetic, comparisons and named transformations, and nothing else."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from spatialconv._options import first
from spatialconv.errors import OptionError, VariableError

FUNCTIONS = (
    "log", "log10", "log2", "exp", "exp10", "exp2", "sqrt", "abs", "I", "C", "center", "scale", "standardize", "poly",
    "bs", "cc", "cr", "cs", "lag", "diff",
)  # fmt: skip
ALLOWED = (
    ast.Expression, ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.keyword,
    ast.List, ast.Tuple, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd, ast.BitAnd, ast.BitOr,
    ast.Invert, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
)  # fmt: skip
# Degrees, powers and terms beyond these are slips that would fill the memory.
LARGEST_POWER, LARGEST_DEGREE, MOST_STARS, LONGEST = 20, 20, 8, 5000


@dataclass(frozen=True)
class Language:
    """Columns that a formula uses, those among them under `lag` and `diff`, and how many periods these go back."""

    columns: tuple[str, ...]
    lagged: frozenset[str]
    steps: frozenset[int]


def check_language(formula: str, columns: list[Any]) -> Language:
    """Return what a formula uses; raise where it says anything that formulas may not say."""
    from formulaic import Formula
    from formulaic.parser.types import Factor

    powers = [int(n[:9]) for n in re.findall(r"(?:\*\*|\^)\s*([0-9]+)", formula)]
    if len(formula) > LONGEST or formula.count("*") > MOST_STARS or any(n > LARGEST_POWER for n in powers):
        raise OptionError(f"the formula of {len(formula):,} characters has too many terms, or too high a power.")
    _plain_arithmetic(formula)
    parsed = Formula(formula)
    reader = _Reader(columns)
    for term in [*parsed.lhs, *parsed.rhs]:
        for factor in term.factors:
            if factor.eval_method is Factor.EvalMethod.LOOKUP:
                reader.column(factor.expr)
            elif factor.eval_method is Factor.EvalMethod.PYTHON:
                reader.read(factor.expr)
    return Language(tuple(dict.fromkeys(reader.used)), frozenset(reader.lagged), frozenset(reader.steps))


# A name, a name in backticks or a call, and what stands between them, as far as a formula's own operators go.
_PIECES = re.compile(r"`[^`]*`|[\w.]+|\*\*|//|[<>=!]=|%in%|\S")
OPERATORS_OF_NUMBERS = ("//", "%", "<", ">", "<=", ">=", "==", "!=")
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE]\d+)?")


def _plain_arithmetic(formula: str) -> None:
    """Refuse what reads like arithmetic, where a formula's operators would make something else of it, or nothing.

    Outside I() and other calls ``x^2`` is x (powers are of interactions), ``- x`` takes a term away, ``/`` nests.
    """
    # Whether each bracket that is open belongs to a call, and whether the piece before ends a group in brackets.
    calls: list[bool] = []
    group = False
    pieces = _PIECES.findall(formula)
    for last, piece, after in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False):
        ended, group = group, False
        if piece in "([{":
            calls.append(bool(re.fullmatch(r"[\w.]+", last)))
        elif piece in ")]}" and calls:
            group = not calls.pop()
        elif not any(calls):
            if piece in ("**", "^") and not ended and _NUMBER.fullmatch(after):
                whole = f"{last if last not in ')]' else '(…)'}{piece}{after}"
                raise OptionError(
                    f"in a formula powers are of interactions, as in (a + b)**2, and {whole!r} would be the variable "
                    f"itself. Write I(x**{after}) for a power of x, and poly(x, {after}) for all powers up to it."
                )
            number = bool(_NUMBER.fullmatch(last) or _NUMBER.fullmatch(after))
            if (piece in ("*", "/", ":") and number) or piece in OPERATORS_OF_NUMBERS:
                raise OptionError(
                    f"in a formula * / : cross and nest terms; write arithmetic and comparisons of numbers within I(), "
                    f"as in I(x / 1000) or I(x > 0). Got {piece!r} in {formula!r}."
                )
            if piece in ("+", "-") and _NUMBER.fullmatch(after) and after not in ("0", "1"):
                raise OptionError(f"a number is no term: 1 is the intercept, 0 takes it away. Got {formula!r}.")
            if piece == "-" and last in ("", "~") and after not in ("1", "0"):
                raise OptionError(
                    f"in a formula - takes a term away; write I(-{after}) for the negative of {after}. Got {formula!r}."
                )


class _Reader:
    """Walks through the Python of a formula before anything of it is evaluated."""

    def __init__(self, columns: list[Any]) -> None:
        self.columns = columns
        self.used: list[str] = []
        self.lagged: set[str] = set()
        self.steps: set[int] = set()

    def column(self, name: str) -> None:
        if name not in self.columns:
            raise VariableError(
                f"the formula cannot be read: no variable {name!r}. It needs an outcome, '~', and regressors among "
                f"{first(self.columns, 8)}."
            )
        self.used.append(name)

    def read(self, expression: str) -> None:
        from formulaic.utils.code import sanitize_variable_names

        # Names in backticks, put in place exactly as they will be when the formula is evaluated.
        aliases: dict[str, str] = {}
        text = sanitize_variable_names(expression, dict.fromkeys(self.columns), aliases)
        self._visit(ast.parse(text, mode="eval").body, aliases, expression, False)

    def _visit(self, node: ast.AST, aliases: dict[str, str], said: str, under_lag: bool) -> None:
        if not isinstance(node, ALLOWED):
            raise OptionError(
                f"a formula may hold columns, numbers, arithmetic, comparisons and {', '.join(FUNCTIONS)}; {said!r} "
                "holds something else. Make the column first, by panel.assign()."
            )
        if isinstance(node, ast.Name):
            name = aliases.get(node.id, node.id)
            self.column(name)
            if under_lag:
                self.lagged.add(name)
            return
        if isinstance(node, ast.Call):
            under_lag = self._call(node, said, under_lag)
        if isinstance(node, ast.BinOp):
            self._arithmetic(node, said)
        children = [*node.args, *node.keywords] if isinstance(node, ast.Call) else list(ast.iter_child_nodes(node))
        for child in children:
            if not isinstance(child, (ast.operator, ast.unaryop, ast.cmpop, ast.expr_context)):
                self._visit(child, aliases, said, under_lag)
            elif not isinstance(child, ALLOWED):
                raise OptionError(f"a formula takes + - * / ** & | ~ and comparisons; {said!r} has another operator.")

    def _call(self, node: ast.Call, said: str, under_lag: bool) -> bool:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.func.id in self.columns:
            raise OptionError(
                f"formulas know the functions {', '.join(FUNCTIONS)}; {said!r} calls another. Make the column first, "
                "by panel.assign()."
            )
        if any(word.arg is None or word.arg.startswith("_") for word in node.keywords):
            raise OptionError(f"an option in {said!r} is not known.")
        settings = [*node.args[1:], *(word.value for word in node.keywords if word.arg in ("df", "degree"))]
        if any(isinstance(s, ast.Constant) and isinstance(s.value, int) and s.value > LARGEST_DEGREE for s in settings):
            raise OptionError(f"{said!r} asks for more than {LARGEST_DEGREE} terms or periods back.")
        if node.func.id in ("lag", "diff"):
            self._lag(node, said, under_lag)
            return True
        return under_lag

    def _lag(self, node: ast.Call, said: str, under_lag: bool) -> None:
        given = [*node.args[1:], *(word.value for word in node.keywords)]
        steps = given[0].value if given and isinstance(given[0], ast.Constant) else 1
        whole = isinstance(steps, int) and not isinstance(steps, bool) and steps >= 1
        named = all(word.arg == "steps" for word in node.keywords)
        plain = not given or (len(given) == 1 and isinstance(given[0], ast.Constant) and whole and named)
        if under_lag or not node.args or not plain:
            raise OptionError(
                f"lag(x, 2) is the value two periods before, diff(x, 2) the change since; they go back whole periods "
                f"and do not stand in one another. Got {said!r}."
            )
        self.steps.add(int(steps))  # type: ignore[arg-type]

    @staticmethod
    def _arithmetic(node: ast.BinOp, said: str) -> None:
        sides = (node.left, node.right)
        if any(isinstance(s, (ast.List, ast.Tuple)) or isinstance(getattr(s, "value", 0), (str, bytes)) for s in sides):
            raise OptionError(f"arithmetic in a formula is of numbers; got {said!r}.")
        power = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        value = power.value if isinstance(power, ast.Constant) else None
        small = isinstance(value, (int, float)) and value <= LARGEST_POWER
        if isinstance(node.op, ast.Pow) and not small:
            raise OptionError(f"a power in a formula is a number of at most {LARGEST_POWER}; got {said!r}.")
