"""An example to start from: a commented description with data beside it."""

from __future__ import annotations

import json
from pathlib import Path

from spatialconv._options import choice
from spatialconv.datasets import DATA as SHIPPED
from spatialconv.errors import FileError
from spatialconv.study._toml import schema

NAME, SCHEMA = "case.toml", "case.schema.json"
_GEOMETRY = ("shp", "shx", "dbf", "prj", "cpg")


EXAMPLES = ("cities", "counties")
COUNTIES, YEARS = 3085, (1970, 1980, 1990, 2000)


def example(folder: str | Path = ".", *, of: str = "cities") -> Path:
    """Write a commented case.toml with the data it reads, ready to run and to be changed.

    Beside it stands its JSON schema, which its first line names, so that an editor completes and checks it.

    Parameters
    ----------
    folder : path
        Made if it is not there. Files that are there are not replaced.
    of : {"cities", "counties"}
        Eleven cities of Zhejiang, or 3,085 simulated counties in four census years, to see what many regions take.

    Returns
    -------
    Path
        Of the case.toml; `run` takes it.

    Raises
    ------
    FileError
        If a file of the example is there already, or the folder cannot be written to.
    OptionError
        If there is no such example.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> path = sc.study.example(tempfile.mkdtemp())
    >>> sorted(file.name for file in path.parent.iterdir())[:3]
    ['case.schema.json', 'case.toml', 'cities.cpg']
    """
    folder = Path(folder)
    choice("of", of, EXAMPLES)
    named = ("panel.csv", *(f"cities.{suffix}" for suffix in _GEOMETRY)) if of == "cities" else COUNTY_FILES
    there = [name for name in (NAME, SCHEMA, *named) if (folder / name).exists()]
    if there:
        raise FileError(f"{there[0]} is already in {str(folder)!r} and is not replaced; name another folder.")
    made: list[Path] = []
    try:
        data = _cities() if of == "cities" else _counties()
        template = TEMPLATE if of == "cities" else COUNTY_TEMPLATE
        texts = {SCHEMA: json.dumps(schema(), indent=1) + "\n", NAME: template}
        data |= {name: text.encode("utf-8") for name, text in texts.items()}
        folder.mkdir(parents=True, exist_ok=True)
        for target, held in {folder / name: held for name, held in data.items()}.items():
            with target.open("xb") as stream:  # never over what somebody else has put there meanwhile
                made.append(target)
                stream.write(held)
    except BaseException as error:
        for target in made:
            target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FileError(f"cannot write the example to {str(folder)!r}: {error.strerror}.") from error
        raise
    return folder / NAME


def _cities() -> dict[str, bytes]:
    shipped = SHIPPED / "zhejiang"
    names = {"panel.csv": "panel.csv"} | {f"cities.{suffix}": f"zhejiang.{suffix}" for suffix in _GEOMETRY}
    return {name: (shipped / source).read_bytes() for name, source in names.items()}


def _counties() -> dict[str, bytes]:
    """Return counties that never were: cells around points at random, incomes that converge with their neighbours'."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    from spatialconv import simulate, weights

    rng = np.random.default_rng(1)
    seats = rng.uniform((-122, 30), (-75, 48), (COUNTIES, 2)).round(4)
    frame = shapely.box(-122, 30, -75, 48)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seats), extend_to=frame, ordered=True))
    # Decimals that all cells round alike, so that borders stay common.
    shapes = shapely.set_precision(shapely.intersection(cells, frame), 1e-4)
    labels = [f"{k:05d}" for k in range(1, COUNTIES + 1)]
    part = np.where(seats[:, 0] < -98, "west", np.where(seats[:, 1] < 38, "south", "north"))
    columns = {"county": labels, "part": part, "lon": seats[:, 0], "lat": seats[:, 1]}
    counties = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    links = weights.adjacency(counties.set_index("county"))
    drawn = simulate.growth_panel(
        links,
        periods=len(YEARS),
        beta=-0.1,
        rho=0.4,
        controls={"school": 0.03},
        effects="time",
        effect_sd=0.05,
        sigma=0.05,
        initial_sd=0.4,
        seed=1,
    )
    levels, school = drawn.panel.values("level"), drawn.panel.values("school", missing="keep")
    # No growth answers to the last of them.
    school = np.where(np.isnan(school), rng.standard_normal(school.shape), school)
    columns = {"county": np.tile(labels, len(YEARS)), "year": np.repeat(YEARS, COUNTIES)}
    columns |= {"income": (8000 * levels / np.median(levels)).ravel().round(1), "school": school.ravel().round(4)}
    rows = pd.DataFrame(columns)
    return {
        "panel.csv": rows.to_csv(index=False, lineterminator="\n").encode(),
        "counties.geojson": counties.to_json(drop_id=True).encode(),
    }


COUNTY_FILES = ("panel.csv", "counties.geojson")
TEMPLATE = """#:schema ./case.schema.json
# A study for spatialconv. Run it:
#
#     spatialconv study case.toml --out results
#
# Paths are relative to the folder of this file. Lines behind # are comments; those that show a key are its
# default or another choice. A key that is not known is an error, so that a slip of the pen changes nothing. The first
# line lets an editor complete and check the keys (Even Better TOML, taplo); spatialconv schema case writes the schema.

title = "Exports of eleven cities, an example"
variable = "exports"                # a column of the panel, in levels and positive; logs are taken where needed
unit = "100 million yuan"           # for legends and captions
source = "Luo and Zhang (2024), levels reconstructed"   # whose the data are; it closes the caption of every figure
about = "Reconstructed levels of the Zhejiang study, as an example."    # what a reader should know about the data
controls = ["digital"]              # columns for the conditional models; [] for none
# language = "zh"                   # of the fixed words of figures and tables; "en" without it
# controls_at = "start"             # or "end", or "mean": when in a span of growth they are taken
log = true                          # Moran's I and Geary's C of the logarithm
# missing = "raise"                 # or "omit": statistics of a period are of the regions that are there
permutations = 999                  # p-values by permutation beside the analytic ones; 0 for none
seed = 1                            # of the permutations: the same seed gives the same figures
# labels = { exports = "Online exports" }   # what to call variables in tables, figures and the report
# intersect = true                  # leave out regions that panel, geometry and weights do not all have; each is named
# further = ["impacts", "tests"]    # beside the main analysis: also "selection", "robustness", "probabilities",
#                                     "correlogram", "spatial_unit_root", "unit_roots", "breaks", "threshold",
#                                     "clubs", "clubs_explained", "mobility", "stochastic_kernel"; each is a section of
#                                     the report
# uncertainty = "log_exports_sd"    # column with the standard deviation of the variable's log, if you know it

[panel]
file = "panel.csv"                  # .csv, .tsv, .txt (also .gz), .xlsx, .dta, .feather, .parquet, .rds
region = "city"                     # column of the regions; labels are compared as text
period = "year"                     # column of the periods
# encoding = "utf-8-sig"            # of a text file that is not UTF-8: "gbk" for many files from China
# sep = ","                         # what is not said is found out, and told in the report: separator,
# decimal = "."                     # decimal sign,
# thousands = "none"                # and what groups thousands: ",", ".", " ", "'" or "none"
# na = ["."]                        # what else stands for a missing cell
# sheet = "data"                    # of a workbook with several
# skip = 4                          # lines above the names of the columns
# wide = true                       # a column a period (1990, gdp_1990, 1990Q1) instead of a row,
#                                     or the period of each column: wide = { sales16 = 2016, sales20 = 2020 }
# value = "exports"                 # of a wide table whose columns are named by the period alone
# start = 2017                      # the range of periods to keep
# end = 2020
# groups = ["area"]                 # text columns to make dummies of; name them among the controls
# relabel = "digits:5"              # a rule for labels: 6001 becomes 06001; also "blanks", "case", "accents", …
# fill = "linear"                   # or "geometric", "previous", "next": gaps over time, up to max_gap = 2 in a row
# drop = "regions"                  # leave out regions (or "periods") with missing cells; without it they are an error

[geometry]
file = "cities.shp"                 # .shp, .gpkg, .geojson
id = "city"                         # column with the same labels as the panel's regions
# encoding = "gbk"                  # of a .dbf file that does not say
# layer = "cities"                  # of a file with several layers
# crs = "EPSG:4326"                 # where the file names none
# repair = true                     # make invalid polygons valid; the report says how many and how
lon = "lon"                         # columns of the regions' seats in degrees, for distances between them;
lat = "lat"                         # without them points inside the polygons are used

# As many weights as you like, each under [[weights]]. Kinds: adjacency, inverse_distance, knn, distance_band, kernel,
# economic, nested, file. The other keys are the options of spatialconv.weights.<kind>. One is the main one: it
# enters the models; the first, if none is marked.
[[weights]]
name = "adjacency"
kind = "adjacency"
rule = "queen"                      # or "rook"
islands = "keep"                    # "keep", "nearest" or "raise"
link = [["Zhoushan", "Ningbo"]]     # links by hand: here the sea bridge
# unlink = [["Jiaxing", "Ningbo"]]  # and borders that are water

[[weights]]
name = "distance"
kind = "inverse_distance"
main = true
power = 2
# cutoff = 200                      # km

[model]                             # the growth regression that is printed in full; the others are tabulated
spatial = "lag"                     # "none", "lag", "error" or "sarar"
# model = "SAR"                     # or the field's name in its place: OLS, SLX, SAR, SDM, SEM, SDEM, SARAR, SAC, GNS
effects = "time"                    # "none", "region", "time" or "two-way"
correction = "auto"                 # "lee-yu", "none" (the direct approach), or "auto": Lee-Yu where it is derived
horizon = 1                         # years a growth rate spans

[hot_spots]                         # Gi*
weights = "adjacency"               # the main ones by default
# periods = [2016, 2020]            # the first and the last by default
# log = false
# classes = 4                       # natural breaks of z

[subsamples]
whole = "province"                  # what to call all regions together
column = "area"                     # one subsample a value of this column of the geometry
# [subsamples.groups]               # or lists by name
# bay = ["Hangzhou", "Ningbo", "Jiaxing", "Shaoxing"]

[maps]
# periods = [2016, 2020]            # the first and the last by default
classes = 4                         # natural breaks
# log = false                       # breaks in logarithms
labels = true                       # names on the maps: true, false, or a column of the geometry such as "city_zh"
# inset = [["Zhoushan"]]            # drawn once more at a scale of its own: regions, or boxes [[121.5, 29.5, 123, 31]]
# inset_only = true                 # and left out of the map itself
# outlines = "area"                 # column of the geometry whose groups are outlined
# width = "double"                  # 190 mm; "single": 90 mm; or millimetres

[check]                             # the questions of a careful referee
extent = "auto"                     # "full", "light" (nothing that takes long), "off"; "auto": full up to 1,000 regions
draws = 999                         # samples under no convergence
# questions = ["islands", "halves"] # these alone
"""

COUNTY_TEMPLATE = """#:schema ./case.schema.json
# Three thousand regions, and what they take. Run it:
#
#     spatialconv study case.toml --out results
#
# The counties are simulated: cells around points at random, incomes that converge with those of their neighbours. A run
# that is stopped is taken up by the same command. All keys stand in the example of the cities: spatialconv init.

title = "Income of 3,085 simulated counties"
variable = "income"
about = "Simulated: beta is -0.1 a decade, rho 0.4, the errors are independent."
controls = ["school"]
permutations = 99
seed = 1

[panel]
file = "panel.csv"
region = "county"
period = "year"

[geometry]
file = "counties.geojson"
id = "county"
lon = "lon"
lat = "lat"

[[weights]]
name = "contiguity"
kind = "adjacency"
main = true

[[weights]]
name = "six nearest"
kind = "knn"
k = 6

[model]
spatial = "lag"
effects = "time"
horizon = 10                        # years a growth rate spans: here one census to the next

[subsamples]
column = "part"

[check]
extent = "light"                    # "full" draws samples under no convergence: spatialconv study --check full
draws = 199
"""
