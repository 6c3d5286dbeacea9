"""The formula door: `growth ~ log_initial + digital`, resolved to the same columns and specification."""

from __future__ import annotations

from spatialconv._options import first
from spatialconv.errors import OptionError, VariableError
from spatialconv.panel import Panel


def is_formula(text: object) -> bool:
    """Whether a text is a formula rather than the name of a column."""
    return isinstance(text, str) and "~" in text


def resolve(panel: Panel, formula: str) -> tuple[Panel, str, tuple[str, ...]]:
    """Return the panel with the columns of the formula, the outcome and the regressors.

    Formulaic evaluates it (`log(gsp)`, `a:b`, `C(area)`). The intercept is the model's business: it is there
    where effects do not replace it, so that a formula may not take it away.
    """
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    try:
        matrices = model_matrix(formula, panel.frame, na_action="ignore")
        outcome, regressors = matrices.lhs, matrices.rhs
    except (FormulaicError, NameError, SyntaxError, AttributeError) as error:
        raise VariableError(
            f"the formula {formula!r} cannot be read: {error}. It needs an outcome, '~', and regressors among "
            f"{first(panel.variables, 8)}."
        ) from error
    if outcome.shape[1] != 1:
        raise OptionError(f"a formula has one outcome; {formula!r} gives {first(list(outcome.columns))}.")
    if "Intercept" not in regressors.columns:
        raise OptionError(
            f"the formula {formula!r} takes the intercept away; effects do that (effects='region', 'time', 'two-way')."
        )
    y = str(outcome.columns[0])
    x = tuple(str(name) for name in regressors.columns if name != "Intercept")
    columns = {y: outcome.iloc[:, 0]} | {name: regressors[name] for name in x}
    return panel.assign(**{name: values.to_numpy(dtype=float) for name, values in columns.items()}), y, x
