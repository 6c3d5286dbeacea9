"""What simulations say of inference that imposes beta, where periods are few."""

from __future__ import annotations

from spatialconv.models.estimation.fitted import PanelFit

# From here on the test keeps its level in simulated panels (30 x 8 and 48 x 17).
ENOUGH = 8
# By effects: rejections of a true null of no convergence in per cent of simulated panels of 11 x 4, nominal 5,
# two-sided; lowest and highest over designs. From tests/simulation/SHORT_PANELS.md.
REJECTS = {"region": "4 to 6 %", "two-way": "5 to 8 %"}


def few_periods(fit: PanelFit) -> tuple[str, ...]:
    """Return what to say of a test that imposes beta, or of the interval of betas that it does not reject."""
    said = REJECTS.get(fit.spec.effects)
    if said is None or fit.n_periods >= ENOUGH:
        return ()
    return (
        f"{fit.n_periods} periods are few for {fit.spec.effects} effects: with beta imposed a nominal 5 % test "
        f"rejected a true null in {said} of simulated panels of 11 x 4; b.inference finds more, and holds 4 to 6 %",
    )
