"""Plots for print: sigma convergence, Moran scatter and path, growth on initial level, coefficients of models.

Each function takes a result and returns a Figure of 90 or 180 mm, or draws into the axes it is given. Nothing
is registered with pyplot: the Figure shows itself in a notebook, `save` writes it.
"""

from spatialconv._drawing.coefficients import coefficients
from spatialconv._style import save
from spatialconv.plot._betas import betas
from spatialconv.plot._paths import moran_path, sigma
from spatialconv.plot._scatter import beta_scatter, moran_scatter

__all__ = ["beta_scatter", "betas", "coefficients", "moran_path", "moran_scatter", "save", "sigma"]
