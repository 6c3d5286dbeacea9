"""`spatialconv.read`: own data, as people have them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from spatialconv._files.table import Dialect
from spatialconv._options import flag, names
from spatialconv.errors import OptionError
from spatialconv.reading.data import Data, left_out_notes, left_out_table
from spatialconv.reading.geometry import GeometryOptions, read_polygons
from spatialconv.reading.panel import PanelOptions, read_panel_file
from spatialconv.reading.relabel import relabel as relabelled
from spatialconv.reading.together import common_regions
from spatialconv.reading.wide import Wide
from spatialconv.results import Provenance, merge_notes


def read(
    panel: str | Path | pd.DataFrame,
    *,
    region: str,
    period: str,
    variables: str | Iterable[str] = (),
    geometry: Any = None,
    id: str = "",
    crs: str = "",
    layer: str = "",
    repair: bool = False,
    weights: Any = None,
    intersect: bool = False,
    start: Hashable = None,
    end: Hashable = None,
    drop: str = "",
    fill: str = "",
    max_gap: int = 0,
    groups: str | Iterable[str] = (),
    labels: Mapping[str, str] | None = None,
    relabel: str | Mapping[str, str] = "",
    wide: Wide = False,
    value: str = "value",
    sep: str = "",
    decimal: str = "",
    thousands: str = "",
    na: str | Iterable[str] = (),
    encoding: str | Mapping[str, str] = "",
    sheet: str = "",
    skip: int = 0,
) -> Data:
    r"""Read a panel, and if there are any its geometry and weights, and bring them together by label.

    Labels of regions are text, as they stand: "06001" keeps its zero, and "NA", "None" and "null" are labels. How
    numbers are written is found out from all of them and told on the result; where two readings are possible (1,234)
    it is asked for. The keys of `[panel]` and `[geometry]` in a study's case.toml are these.

    Parameters
    ----------
    panel : path or DataFrame
        .csv, .tsv, .txt (also packed as .gz), .xlsx, .dta, .feather, .parquet, .rds or .RData (with one data
        frame), of 250 MB at most.
    region, period : str
        Columns of the labels. Of a wide table, `period` names the column that is made.
    variables : names, optional
        Columns that must hold numbers: a cell that is none is an error that names it. With `drop`, also those that
        must be complete.
    geometry : path or GeoDataFrame, optional
        .shp (zipped or not), .gpkg, .geojson, .fgb or GeoParquet; a GeoDataFrame is indexed by label unless `id` is
        given.
    id, crs, layer : str
        Of the geometry: its column of labels; its reference system, where it names none; its layer, where it has
        several.
    repair : bool
        Make invalid polygons valid by `shapely.make_valid(method="structure")`; how many, and by how much areas change,
        is noted. Heights and measures are dropped and areas taken out of collections either way, in words.
    weights : path, Graph, W or mapping of name to one of these, optional
        As `weights.read` takes them.
    intersect : bool
        Keep the regions that panel, geometry and weights all have. Without it, a region of the panel that another
        source lacks is an error. Every label left out stands in `.left_out`.
    start, end : period, optional
        The range of periods to keep, both included.
    drop : {"", "regions", "periods"}
        What to leave out where cells of `variables` are missing; "" leaves nothing out.
    groups : names, optional
        Text columns (state, country) to make 0/1 dummies of, for `controls=`: `.groups` has their names. The first
        group by name is the base.
    fill : {"", "linear", "geometric", "previous", "next"}
        Fill gaps over time within each region, as `Panel.fill` does, before any are dropped; "" fills nothing.
    max_gap : int
        The longest run of missing periods that is filled; 0 for any.
    labels : mapping of column to text, optional
        What to call variables in tables and figures; those of a .dta file come with it.
    relabel : str or mapping, optional
        A rule for labels such as "digits:5", see `spatialconv.relabel`: of all sources, or by source
        ("panel", "geometry", "weights").
    wide : bool or mapping
        The table has a column a period: 1990, gdp_1990, 1990Q1, X1990, "1990 [YR1990]". Where names do not tell, a
        mapping does: of column to period, {"HR7984": 1984, "HR8893": 1993}, for the variable called `value`, or of
        several variables, {"rate": {"HR7984": 1984}, "police": {"PE77": 1977}}.
    value : str
        Of a wide table, what to call the variable whose columns are named by nothing but the period.
    sep, decimal, thousands : str
        Of a text file, where they are not to be found out. Thousands may be ",", ".", " " (of every width), "'" or
        "none".
    encoding : str or mapping
        Of a text file, where it is not to be found out; {"geometry": "gbk"} of the names in a .dbf that does not say.
    na : text, one or several
        What else stands for a missing cell, such as "." or "-99".
    sheet : str
        Of a workbook with several.
    skip : int
        Lines above the names of the columns.

    Returns
    -------
    Data
        With `.panel`, `.geometry`, `.weights`, `.left_out`, `.groups`, `.said`.

    Raises
    ------
    FileError
        If a file is absent, too large, damaged, or no text in its encoding.
    VariableError
        If a column is not there, or a cell of `variables` is no number: row, column and label are named.
    DuplicateKeyError
        If a region stands twice in a period.
    AlignmentError
        If sources do not have the same regions; the message says which rule would make how many match.
    OptionError
        If an option is none, or numbers can be read in two ways.

    Examples
    --------
    >>> import pathlib, tempfile, spatialconv as sc
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "incomes.csv"
    >>> _ = path.write_text("land;1990;1991\nNA;1.000,5;1.100\nDE;2.000;2.100\n")
    >>> data = sc.read(path, region="land", period="year", wide=True, value="income")
    >>> data.panel.wide("income").to_numpy().tolist()
    [[1000.5, 2000.0], [1100.0, 2100.0]]
    >>> data.said
    ("incomes.csv: utf-8, separator ';' (found out), decimal ',', thousands '.'",)
    """
    if labels is not None and not isinstance(labels, Mapping):
        raise OptionError(f"labels are texts by name of a column; got {labels!r}.")
    wanted = names("variables", variables)
    rules, codes = (
        _by_source("relabel", relabel),
        _by_source("encoding", encoding, ("panel", "geometry"), alone="panel"),
    )
    dialect = Dialect(sep, decimal, thousands, names("na", na), codes.get("panel", ""), sheet, _whole_lines(skip))
    options = PanelOptions(
        region,
        period,
        wide,
        value,
        start,
        end,
        drop,
        names("groups", groups),
        rules.get("panel", ""),
        dialect,
        fill,
        max_gap,
    )
    held = read_panel_file(panel, options, numbers=wanted, labels=labels)
    name = Path(panel).name if isinstance(panel, (str, PathLike)) else "the panel"
    said, notes = list(held.said), list(held.notes)
    frame = None
    sources: dict[str, pd.Index] = {}
    if geometry is not None:
        frame, more = read_polygons(
            geometry,
            GeometryOptions(
                id, codes.get("geometry", ""), layer, crs, relabel=rules.get("geometry", ""), repair=repair
            ),
        )
        notes += more
        of_geometry = Path(geometry).name if isinstance(geometry, (str, PathLike)) else "the geometry"
        sources[of_geometry] = frame.index
    elif id or crs or layer:
        raise OptionError("id, crs and layer are of a geometry; give geometry= as well, or leave them out.")
    graphs = _graphs(weights, held.panel.regions, rules.get("weights", ""))
    for label, graph in graphs.items():
        sources[f"the weights {label!r}"] = pd.Index(graph.unique_ids)
    whole, out = common_regions(held.panel, sources, intersect=flag("intersect", intersect), name=name)
    if frame is not None:
        frame = frame.loc[list(whole.regions)]
    graphs = {label: _cut(graph, whole.regions) for label, graph in graphs.items()}
    everything = [*held.left_out, *out]
    return Data(
        panel=whole,
        geometry=frame,
        weights=graphs,
        left_out=left_out_table(everything),
        groups=held.groups,
        said=tuple(said),
        notes=merge_notes(notes, whole.notes, left_out_notes(out)),
        provenance=Provenance("read", {"panel": name, "intersect": intersect}, whole.n_regions, whole.n_periods),
    )


def _by_source(
    key: str,
    told: str | Mapping[str, str],
    sources: tuple[str, ...] = ("panel", "geometry", "weights"),
    alone: str = "",
) -> dict[str, str]:
    """Return what is told of each source; one text is of all of them, or of `alone`."""
    if isinstance(told, str):
        return {alone: told} if alone else dict.fromkeys(sources, told)
    if not isinstance(told, Mapping) or set(told) - set(sources):
        raise OptionError(f"{key} is one text, or texts by source ({', '.join(sources)}); got {told!r}.")
    return dict(told)


def _whole_lines(skip: Any) -> int:
    from spatialconv._options import whole

    return whole("skip", skip, most=1_000_000)


def _graphs(weights: Any, regions: pd.Index, rule: str) -> dict[str, Any]:
    if weights is None:
        return {}
    from libpysal.graph import Graph
    from libpysal.weights import W

    from spatialconv import weights as room

    named = dict(weights) if isinstance(weights, Mapping) else {_name(weights): weights}
    found = {}
    for name, given in named.items():
        if isinstance(given, (Graph, W)):
            graph = room.subset(given, list(given.id_order if isinstance(given, W) else given.unique_ids))
        else:
            graph = room.read(given, regions=list(regions) if _unlabelled(given) else None)
        graph = relabelled(graph, "text") if not all(isinstance(label, str) for label in graph.unique_ids) else graph
        found[name] = relabelled(graph, rule) if rule else graph
    return found


def _unlabelled(path: Any) -> bool:
    return isinstance(path, (str, PathLike)) and Path(path).suffix.lower() in (".mtx", ".mat")


def _name(weights: Any) -> str:
    return Path(weights).stem if isinstance(weights, (str, PathLike)) else "weights"


def _cut(graph: Any, regions: pd.Index) -> Any:
    from spatialconv import weights as room

    return room.subset(graph, regions)
