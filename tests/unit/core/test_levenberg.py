"""Least squares from many starts: against scipy's, against the closed form, and where steps lead nowhere."""

import numpy as np
from scipy.optimize import least_squares

from spatialconv._core.regression.levenberg import levenberg
from tests.tolerances import OPTIM


def rosenbrock(x):
    a, b = x[:, 0], x[:, 1]
    values = np.stack([10 * (b - a**2), 1 - a], axis=1)
    slopes = np.zeros((len(x), 2, 2))
    slopes[:, 0, 0], slopes[:, 0, 1], slopes[:, 1, 0] = -20 * a, 10.0, -1.0
    return values, slopes


def powell(x):
    """Four residuals whose Jacobian is singular at the solution, 0."""
    a, b, c, d = x.T
    values = np.stack([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2], axis=1)
    slopes = np.zeros((len(x), 4, 4))
    slopes[:, 0, 0], slopes[:, 0, 1] = 1, 10
    slopes[:, 1, 2], slopes[:, 1, 3] = np.sqrt(5), -np.sqrt(5)
    slopes[:, 2, 1], slopes[:, 2, 2] = 2 * (b - 2 * c), -4 * (b - 2 * c)
    slopes[:, 3, 0], slopes[:, 3, 3] = 2 * np.sqrt(10) * (a - d), -2 * np.sqrt(10) * (a - d)
    return values, slopes


def exponential(x):
    """Fit a exp(b t): residuals that do not vanish."""
    t = np.linspace(0, 4, 9)
    y = 2 * np.exp(-0.7 * t) + 0.1 * np.cos(9 * t)
    wave = np.exp(x[:, 1:] * t)
    return x[:, :1] * wave - y, np.stack([wave, x[:, :1] * t * wave], axis=2)


def test_rosenbrock_from_everywhere():
    starts = np.random.default_rng(1).uniform(-3, 3, (50, 2))
    fits = levenberg(rosenbrock, starts)
    np.testing.assert_allclose(fits.x, 1.0, atol=OPTIM)
    np.testing.assert_allclose(fits.cost, 0.0, atol=OPTIM)


def test_a_singular_jacobian_is_no_obstacle():
    fits = levenberg(powell, np.array([[3.0, -1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]), steps=1000)
    assert (fits.cost < 1e-15).all()


def test_linear_problem_is_the_normal_equations():
    rng = np.random.default_rng(2)
    A, y = rng.normal(size=(12, 4)), rng.normal(size=12)
    fits = levenberg(lambda x: (x @ A.T - y, np.broadcast_to(A, (len(x), 12, 4))), rng.normal(size=(3, 4)))
    solution, squares, *_ = np.linalg.lstsq(A, y, rcond=None)
    np.testing.assert_allclose(fits.x, np.tile(solution, (3, 1)), atol=OPTIM)
    np.testing.assert_allclose(fits.cost, squares[0], rtol=OPTIM)


def test_agrees_with_scipy_where_residuals_remain():
    start = np.array([[1.0, 0.0], [0.5, -2.0]])
    fits = levenberg(exponential, start)
    theirs = least_squares(
        lambda x: exponential(x[None])[0][0], start[0], jac=lambda x: exponential(x[None])[1][0], xtol=1e-14, ftol=1e-14
    )
    np.testing.assert_allclose(fits.x, np.tile(theirs.x, (2, 1)), atol=OPTIM)
    np.testing.assert_allclose(fits.residual[fits.best], theirs.fun, atol=OPTIM)
    np.testing.assert_allclose(fits.jacobian[fits.best], theirs.jac, atol=OPTIM)


def test_a_step_into_nowhere_is_a_bad_step_not_an_end():
    """The slope promises a step five times too long, beyond which nothing is finite."""
    nowhere = []

    def residuals(x):
        outside = np.abs(x) > 2
        nowhere.append(outside.any())
        return np.where(outside, np.inf, x - 1.9), np.full((len(x), 1, 1), 0.2)

    fits = levenberg(residuals, np.array([[-1.9]]), longest=1e3, damping=1e-6)
    assert any(nowhere)
    np.testing.assert_allclose(fits.x, 1.9, atol=OPTIM)


def test_starts_are_not_modified():
    starts = np.array([[-1.2, 1.0]])
    levenberg(rosenbrock, starts)
    np.testing.assert_array_equal(starts, [[-1.2, 1.0]])
