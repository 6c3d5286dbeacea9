"""What simulations say of inference that imposes beta, where periods are few."""

from __future__ import annotations

from spatialconv.models.estimation.fitted import PanelFit

# From here on the test keeps its level in simulated panels (30 x 8 and 48 x 17).
ENOUGH = 8
# By effects: rejections of a true null of no convergence in per cent of simulated panels of 11 x 4, nominal 5,
# two-sided; lowest and highest over designs. From tests/simulation/SHORT_PANELS.md.
REJECTS = {"region": "4 to 6 %", "two-way": "5 to 8 %"}
# Cells of the same table in which a test of b.inference misses 4 to 6 % (normal errors) or 3.5 to 7 % (others): panel,
# effects, errors, spread of drifts -> rejections of a true null, below and two-sided, by the ratio and the robust test.
MISSES: dict[tuple[str, str, str, float], tuple[float, float, float, float]] = {
    ("11 x 4", "two-way", "normal", 1.0): (3.2, 3.0, 2.0, 2.5),
}
# Drifts spread out by half a standard deviation of the errors and more are nearer to one than to none.
APART, FEW_REGIONS = 0.5, 20


def misses(effects: str, N: int, T: int, spread: float) -> tuple[str, ...]:
    """Return what to say of b.inference where drifts seem to differ by `spread` standard deviations of the errors."""
    known = MISSES.get(("11 x 4", effects, "normal", 1.0))
    if known is None or N >= FEW_REGIONS or T >= ENOUGH or not spread >= APART:
        return ()
    ratio, ratio_two, robust, robust_two = known
    return (
        f"drifts seem to differ by {spread:.1f} standard deviations of the errors: where they differ by 1.0, in "
        f"simulated panels of 11 x 4, the likelihood ratio rejects a true null in {ratio} % ({ratio_two} two-sided), "
        f"the robust test in {robust} % ({robust_two}), nominal 5: both find less than their level would allow",
    )


def few_periods(fit: PanelFit) -> tuple[str, ...]:
    """Return what to say of a test that imposes beta, or of the interval of betas that it does not reject."""
    said = REJECTS.get(fit.spec.effects)
    if said is None or fit.n_periods >= ENOUGH:
        return ()
    return (
        f"{fit.n_periods} periods are few for {fit.spec.effects} effects: with beta imposed a nominal 5 % test "
        f"rejected a true null in {said} of simulated panels of 11 x 4; b.inference finds more, and holds 4 to 6 %",
    )
