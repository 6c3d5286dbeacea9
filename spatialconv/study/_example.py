"""An example to start from: a commented description with data beside it."""

from __future__ import annotations

import json
from pathlib import Path

from spatialconv.datasets import DATA as SHIPPED
from spatialconv.errors import FileError
from spatialconv.study._toml import schema

NAME, SCHEMA = "case.toml", "case.schema.json"
_GEOMETRY = ("shp", "shx", "dbf", "prj", "cpg")


def example(folder: str | Path = ".") -> Path:
    """Write a commented case.toml with the data it reads, ready to run and to be changed.

    Beside it stands its JSON schema, which its first line names, so that an editor completes and checks it.

    Parameters
    ----------
    folder : path
        Made if it is not there. Files that are there are not replaced.

    Returns
    -------
    Path
        Of the case.toml; `run` takes it.

    Raises
    ------
    FileError
        If a file of the example is there already, or the folder cannot be written to.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> path = sc.study.example(tempfile.mkdtemp())
    >>> sorted(file.name for file in path.parent.iterdir())[:3]
    ['case.schema.json', 'case.toml', 'cities.cpg']
    """
    folder = Path(folder)
    shipped = SHIPPED / "zhejiang"
    copies = {folder / "panel.csv": shipped / "panel.csv"}
    copies |= {folder / f"cities.{suffix}": shipped / f"zhejiang.{suffix}" for suffix in _GEOMETRY}
    there = [path.name for path in (folder / NAME, folder / SCHEMA, *copies) if path.exists()]
    if there:
        raise FileError(f"{there[0]} is already in {str(folder)!r} and is not replaced; name another folder.")
    texts = {folder / SCHEMA: json.dumps(schema(), indent=1) + "\n", folder / NAME: TEMPLATE}
    written = {target: text.encode("utf-8") for target, text in texts.items()}
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, held in {**{target: source.read_bytes() for target, source in copies.items()}, **written}.items():
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
about = "Reconstructed levels of the Zhejiang study, as an example."    # what a reader should know about the data
controls = ["digital"]              # columns for the conditional models; [] for none
# controls_at = "start"             # or "end", or "mean": when in a span of growth they are taken
log = true                          # Moran's I and Geary's C of the logarithm
# missing = "raise"                 # or "omit": statistics of a period are of the regions that are there
permutations = 999                  # p-values by permutation beside the analytic ones; 0 for none
seed = 1                            # of the permutations: the same seed gives the same figures
# labels = { exports = "Online exports" }   # what to call variables in tables, figures and the report
# intersect = true                  # leave out regions that panel, geometry and weights do not all have; each is named
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
"""
