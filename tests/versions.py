"""What the libraries name differently in their oldest and their newest releases that the suite runs at."""

from __future__ import annotations

import inspect

from scipy import stats

# The generator of scipy.stats.bootstrap: `random_state` before scipy 1.15, `rng` since.
SEED = "rng" if "rng" in inspect.signature(stats.bootstrap).parameters else "random_state"
