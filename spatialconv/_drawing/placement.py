"""Where names stand on maps and beside points: candidate places with a cost, chosen without collision.

All lengths are in mm of the printed page. The result depends on the input alone: no random search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.ndimage import distance_transform_edt, maximum_filter

FloatArray = npt.NDArray[np.float64]
Measure = Callable[[str], tuple[float, float]]
Room = tuple[float, float, float, float]

AIR = 0.35  # mm kept free between two names
CROWD = 150  # names without room
SHORT = 6.0  # mm of the leader line that the smallest region may have


@dataclass(frozen=True)
class Places:
    """Where one name may stand, m candidates.

    Boxes are (m, 4): left, bottom, right, top. Leaders are (m, 4): x, y at the box and x, y at the region,
    NaN where the name needs no line. `own` is the share of each box on the region's own ground.
    """

    texts: tuple[str, ...]
    boxes: FloatArray
    costs: FloatArray
    leaders: FloatArray
    own: FloatArray

    def sorted(self) -> Places:
        """Return the same places, cheapest first."""
        return self.pick(np.argsort(self.costs, kind="stable"))

    def pick(self, which: Any) -> Places:
        """Return some of the places, by mask or position."""
        where = np.arange(len(self.texts))[which]
        texts = tuple(self.texts[i] for i in where)
        return Places(texts, self.boxes[where], self.costs[where], self.leaders[where], self.own[where])


@dataclass(frozen=True)
class Label:
    """A name that found its place: text, box, leader line (NaN where there is none), share on its own ground."""

    text: str
    box: FloatArray
    leader: FloatArray
    own: float

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        return float(self.box[[0, 2]].mean()), float(self.box[[1, 3]].mean())


def arrange(places: Sequence[Places], *, taken: FloatArray | None = None, rounds: int = 8) -> list[Label | None]:
    """Choose a place for each name so that no two names or lines touch; None where there is no room.

    `taken` are boxes (k, 4) that are not free. Names are placed one after the other, each in its cheapest
    free place. Those that found none go first in the next round; the best round counts (fewest left out, then
    least cost).
    """
    ready = [p.sorted() for p in places]
    # Few good places first: these are the hardest to please.
    order = sorted(range(len(ready)), key=lambda i: (-float(ready[i].costs[:1].sum()), i))
    start = np.empty((0, 4)) if taken is None else taken
    best: tuple[float, list[int]] | None = None
    for _ in range(rounds):
        chosen, cost = _greedy(ready, order, start)
        if best is None or cost < best[0]:
            best = cost, chosen
        failed = [i for i in order if chosen[i] < 0 and len(ready[i].texts)]
        # Where hundreds fail there is no room, whoever goes first.
        if not failed or len(failed) > CROWD:
            break
        first = set(failed)
        order = failed + [i for i in order if i not in first]
    picks = best[1] if best else []
    return [
        None if pick < 0 else Label(p.texts[pick], p.boxes[pick], p.leaders[pick], float(p.own[pick]))
        for p, pick in zip(ready, picks, strict=True)
    ]


def _greedy(places: Sequence[Places], order: Sequence[int], taken: FloatArray) -> tuple[list[int], float]:
    chosen, cost = [-1] * len(places), 0.0
    boxes, lines = taken, np.full((len(taken), 4), np.nan)
    for i in order:
        for k in range(len(places[i].texts)):
            box, line = places[i].boxes[k], places[i].leaders[k]
            if not touches(box, line, boxes, lines):
                chosen[i] = k
                cost += float(places[i].costs[k])
                boxes, lines = np.vstack([boxes, box]), np.vstack([lines, line])
                break
        else:
            cost += 1000.0
    return chosen, cost


def touches(box: FloatArray, line: FloatArray, boxes: FloatArray, lines: FloatArray) -> bool:
    """Whether a name with its leader touches any of the names and leaders already placed."""
    near = (
        (box[0] < boxes[:, 2] + AIR)
        & (box[2] > boxes[:, 0] - AIR)
        & (box[1] < boxes[:, 3] + AIR)
        & (box[3] > boxes[:, 1] - AIR)
    )
    if near.any() or _through(lines, box[None, :]).any():
        return True
    if np.isnan(line[0]):
        return False
    return bool(_through(line[None, :], boxes).any() or _cross(line, lines).any())


def _through(lines: FloatArray, boxes: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether segments pass through boxes, pair by pair (Liang and Barsky 1984); never where NaN."""
    start, step = lines[:, :2], lines[:, 2:] - lines[:, :2]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (boxes[:, :2] - AIR - start) / step, (boxes[:, 2:] + AIR - start) / step
    flat = step == 0
    inside = (start > boxes[:, :2] - AIR) & (start < boxes[:, 2:] + AIR)
    enter = np.where(flat, np.where(inside, -np.inf, np.inf), np.minimum(low, high))
    leave = np.where(flat, np.where(inside, np.inf, -np.inf), np.maximum(low, high))
    return np.asarray(np.maximum(enter.max(axis=1), 0) < np.minimum(leave.min(axis=1), 1))


def _cross(line: FloatArray, lines: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether a segment crosses each of the segments; never where NaN."""

    def side(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
        turn = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
        return np.asarray(turn)

    p, q, r, s = line[:2], line[2:], lines[:, :2], lines[:, 2:]
    return np.asarray((side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0))


# ---------------------------------------------------------------------- names of regions

CELL = 0.25  # mm of the raster by which shares of ground are counted
FOREIGN = 4.0  # mm that a leader may run over the ground of others; beyond that nobody can follow it


class _Terrain:
    """Whose ground each cell of the panel is: the place of a region, or -1 for water and beyond."""

    def __init__(self, shapes: Sequence[Any], room: Room) -> None:
        self.origin = np.array(room[:2])
        nx, ny = (int(np.ceil((room[k + 2] - room[k]) / CELL)) for k in (0, 1))
        self.owner = np.full((ny, nx), -1)
        x, y = (self.origin[k] + (np.arange(n) + 0.5) * CELL for k, n in ((0, nx), (1, ny)))
        self.windows = []
        for i, shape in enumerate(shapes):
            shapely.prepare(shape)
            left, bottom, right, top = shape.bounds
            across, down = (slice(*np.searchsorted(a, ends)) for a, ends in ((x, (left, right)), (y, (bottom, top))))
            self.windows.append((across.start, down.start, across.stop, down.stop))
            cells = np.meshgrid(x[across], y[down])
            self.owner[down, across][shapely.contains_xy(shape, *cells)] = i
        self._land = _integral(self.owner >= 0)
        # How many mm each cell lies from the middle of the nearest square of a mm that is nobody's.
        self._off_coast = CELL * distance_transform_edt(maximum_filter(self.owner >= 0, int(1 / CELL)))

    def to_free(self, i: int) -> float:
        """Return how many mm region i lies from the nearest ground on which a letter has room."""
        left, bottom, right, top = self.windows[i]
        mine = self.owner[bottom:top, left:right] == i
        # A region smaller than a cell may own none.
        return float(self._off_coast[bottom:top, left:right].min(initial=np.inf, where=mine)) if mine.any() else 0.0

    def shares(self, boxes: FloatArray, i: int) -> tuple[FloatArray, FloatArray]:
        """Return which share of each box is ground of region i, and which is ground of others."""
        low, high = self._cells(boxes)
        # Only where the region may be: of three thousand regions each has a small part of the panel.
        left, bottom, right, top = self.windows[i]
        own = _integral(self.owner[bottom:top, left:right] == i)
        corner, most = np.array([left, bottom]), np.array([right - left, top - bottom])
        within = (np.clip(ends - corner, 0, most) for ends in (low, high))
        cells = np.maximum((high - low).prod(axis=1), 1)
        mine = _count(own, *within) / cells
        return mine, _count(self._land, low, high) / cells - mine

    def foreign(self, lines: FloatArray, i: int) -> FloatArray:
        """Return over how many mm of others' ground each line runs."""
        steps = (np.arange(64) + 0.5) / 64
        points = lines[:, None, :2] + steps[:, None] * (lines[:, None, 2:] - lines[:, None, :2])
        cells = np.floor((points - self.origin) / CELL).astype(int)
        cells = np.clip(cells, 0, np.array(self.owner.shape)[::-1] - 1)
        owner = self.owner[cells[..., 1], cells[..., 0]]
        length = np.hypot(*(lines[:, 2:] - lines[:, :2]).T)
        return np.asarray(((owner >= 0) & (owner != i)).mean(axis=1) * length)

    def _cells(self, boxes: FloatArray) -> tuple[Any, Any]:
        low = np.floor((boxes[:, :2] - self.origin) / CELL).astype(int)
        high = np.ceil((boxes[:, 2:] - self.origin) / CELL).astype(int)
        most = np.array(self.owner.shape)[::-1]
        return np.clip(low, 0, most), np.clip(high, 0, most)


def _integral(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.pad(np.cumsum(np.cumsum(mask, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))


def _count(table: npt.NDArray[np.int64], low: Any, high: Any) -> npt.NDArray[np.int64]:
    """Return how many cells of each block count, by four look-ups in a summed-area table (Crow 1984)."""
    total = table[high[:, 1], high[:, 0]] - table[low[:, 1], high[:, 0]]
    return np.asarray(total - table[high[:, 1], low[:, 0]] + table[low[:, 1], low[:, 0]])


def region_places(
    texts: Sequence[str | None], shapes: Sequence[Any], *, others: Sequence[Any] = (), measure: Measure, room: Room
) -> list[Places]:
    """Offer each region places on its own ground, at its coast, or away from all land with a leader line.

    `shapes` and `others` (land that has no name) are polygons in mm; None as text asks for no name.
    """
    plain = list(shapely.simplify(np.asarray(shapes, dtype=object), 0.2))
    terrain = _Terrain([*plain, *shapely.simplify(np.asarray(others, dtype=object), 0.2)], room)
    sizes: dict[str, tuple[float, float]] = {}
    found = []
    for i, text in enumerate(texts):
        if not text:
            found.append(_none())
            continue
        # A name that is more than twice as large as its region cannot stand on it.
        area = 2 * float(shapely.area(plain[i]))
        at_coast = terrain.to_free(i) <= _longest(plain[i]) + AIR + 1.25
        variants = []
        for variant in _variants(text):
            # Of thousands of names most have no room, whatever their exact size.
            if at_coast or _least_area(variant) <= area:
                size = sizes.get(variant) or measure(variant)
                sizes[variant] = size
                variants.append((variant, size))
        parts = [_inside(v, size, i, plain[i], terrain, room) for v, size in variants if size[0] * size[1] <= area]
        if at_coast and min((float(part.costs.min()) for part in parts if len(part.texts)), default=np.inf) > 0.8:
            parts += [_outside(variant, size, i, plain[i], terrain, room) for variant, size in variants]
        found.append(_joined(parts) if parts else _none())
    return found


def _least_area(text: str) -> float:
    """Return mm^2 that a text of 7 points takes at least: letters are no narrower than an i."""
    lines = text.split("\n")
    return 0.5 * max(map(len, lines)) * 1.7 * len(lines)


def _longest(shape: Any) -> float:
    """Return the longest leader: one longer than its region leads to nowhere; a dot of an island has a short one."""
    left, bottom, right, top = shape.bounds
    return max(float(np.hypot(right - left, top - bottom)), SHORT)


def _variants(text: str) -> list[str]:
    """Return the name in one line, and in two where it has a space."""
    words = text.split(" ")
    if len(words) < 2:
        return [text]
    split = min(range(1, len(words)), key=lambda i: abs(len(" ".join(words[:i])) - len(" ".join(words[i:]))))
    return [text, " ".join(words[:split]) + "\n" + " ".join(words[split:])]


def _inside(text: str, size: tuple[float, float], i: int, shape: Any, terrain: _Terrain, room: Room) -> Places:
    left, bottom, right, top = shape.bounds
    pole, _ = _pole(shape)
    across, down = (np.arange(a, b, max((b - a) / 24, 0.4)) for a, b in ((left, right), (bottom, top)))
    grid = np.array(np.meshgrid(across, down)).reshape(2, -1).T
    middle = shapely.get_coordinates(shapely.centroid(shape))[0]
    centres = np.vstack([middle, pole, grid[shapely.contains_xy(shape, grid)]])
    boxes = _boxes(centres, size)
    mine, theirs = terrain.shares(boxes + np.array([-0.5, 0, 0.5, 0]), i)
    # In the middle if there is room; the pole of a long region may lie anywhere along it.
    off = np.hypot(*(centres - (middle if mine[0] > 0.995 else pole)).T)
    # A name may hang over the water; over a neighbour's ground it soon belongs to the neighbour.
    costs = (
        0.2 * (mine < 0.995)
        + 12 * theirs**1.5
        + 3 * np.clip(1 - mine - theirs, 0, 1)
        + 0.05 * off
        + 0.3 * text.count("\n")
    )
    lines = np.full((len(boxes), 4), np.nan)
    places = Places((text,) * len(boxes), boxes, costs, lines, mine)
    return places.pick((theirs < 0.3) & (mine > 0.5) & _within(boxes, room))


def _outside(text: str, size: tuple[float, float], i: int, shape: Any, terrain: _Terrain, room: Room) -> Places:
    pole, radius = _pole(shape)
    left, bottom, right, top = shape.bounds
    longest = _longest(shape)
    reach = longest + float(np.hypot(right - left, top - bottom)) / 2
    turn, far = (a.ravel() for a in np.meshgrid(np.arange(24) * np.pi / 12, np.arange(1.0, min(45.0, reach), 1.0)))
    centres = pole + np.column_stack([np.cos(turn) * (far + size[0] / 2), np.sin(turn) * (far + size[1] / 2)])
    boxes = _boxes(centres, size)
    boxes = boxes[_within(boxes, room)]
    mine, theirs = terrain.shares(boxes + AIR * np.array([-1, -1, 1, 1]), i)
    # Islets of its own may be covered, not much of them.
    free = (theirs == 0) & (mine < 0.06)
    boxes, mine = boxes[free], mine[free]
    outlines = shapely.box(*boxes.T)
    main = max(shapely.get_parts(shape), key=shapely.area)
    gap = shapely.distance(outlines, main)
    # The line ends well inside, so that nobody takes it for the neighbour's.
    target = shapely.buffer(main, -min(0.8, 0.5 * radius))
    leaders = shapely.get_coordinates(shapely.shortest_line(outlines, target)).reshape(-1, 4)
    near = np.hypot(*(leaders[:, :2] - leaders[:, 2:]).T) <= longest
    boxes, mine, gap, leaders = boxes[near], mine[near], gap[near], leaders[near]
    foreign = terrain.foreign(leaders, i)
    off = np.hypot(*(boxes.reshape(-1, 2, 2).mean(axis=1) - pole).T)
    close = gap < 1.2
    costs = 2.0 + 5 * mine + 0.12 * gap + 0.05 * off + 0.25 * foreign + 0.3 * text.count("\n") - 0.8 * close
    leaders = np.where(close[:, None], np.nan, leaders)
    places = Places((text,) * len(boxes), boxes, costs, leaders, np.zeros(len(boxes)))
    return places.pick(foreign <= FOREIGN)


def _pole(shape: Any) -> tuple[FloatArray, float]:
    """Return the point of the region that is farthest from its border, and how far that is."""
    radius = shapely.maximum_inscribed_circle(shape, tolerance=0.1)
    return np.asarray(shapely.get_coordinates(radius)[0]), float(shapely.length(radius))


# ---------------------------------------------------------------------- names of points


def point_places(
    texts: Sequence[str | None], points: FloatArray, *, radius: float, measure: Measure, room: Room
) -> list[Places]:
    """Offer each point places beside it: right first, then left, above, below, and farther off by a line.

    All points are obstacles, those without a name too.
    """
    found = []
    for i, text in enumerate(texts):
        if not text:
            found.append(_none())
            continue
        boxes, costs, leaders = _around(points[i], measure(text), radius)
        # Points beyond the reach of every box and line change nothing: of fifty thousand few are near.
        reach = float(_gap(boxes, points[i : i + 1]).max()) + radius + 2.0
        low, high = boxes[:, :2].min(axis=0) - reach, boxes[:, 2:].max(axis=0) + reach
        near = ((points > low) & (points < high)).all(axis=1)
        near[i] = False
        others = points[near]
        # A name must not lie nearer to another point than to its own, unless a line says whose it is.
        doubt = _gap(boxes, points[i : i + 1]) - _gap(boxes, others) + 0.4
        costs = costs + np.where(np.isnan(leaders[:, 0]), 4 * np.clip(doubt, 0, None), 0)
        crossed = np.array(
            [_through(np.repeat(line[None], len(others), 0), _boxes(others, (1, 1))).any() for line in leaders]
        )
        free = _within(boxes, room) & (_gap(boxes, others) > radius + 0.2) & ~crossed
        found.append(Places((text,) * len(boxes), boxes, costs, leaders, np.zeros(len(boxes))).pick(free))
    return found


def _around(point: FloatArray, size: tuple[float, float], radius: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return boxes, costs and leaders of a name beside a point: near places first, far ones with a line."""
    (width, height), (x, y) = size, point
    boxes, costs, leaders = [], [], []
    for ring, away in enumerate((radius + 0.5, radius + 2.0, radius + 4.0, radius + 7.0)):
        for rank, (dx, dy) in enumerate(_AROUND):
            side = away if not (dx and dy) else away * 0.75
            cx, cy = x + dx * (side + width / 2), y + dy * (side + height / 2)
            boxes.append([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2])
            costs.append(0.1 * rank + 1.5 * ring)
            edge = (np.clip(x, *boxes[-1][::2]), np.clip(y, *boxes[-1][1::2]))
            leaders.append([*edge, x, y] if ring > 1 else [np.nan] * 4)
    return np.array(boxes), np.array(costs), np.array(leaders)


def _gap(boxes: FloatArray, points: FloatArray) -> FloatArray:
    """Return the distance of each box from the nearest of the points; infinite if there are none."""
    b = boxes[:, :, None]
    across = np.maximum(np.maximum(b[:, 0] - points[:, 0], points[:, 0] - b[:, 2]), 0)
    down = np.maximum(np.maximum(b[:, 1] - points[:, 1], points[:, 1] - b[:, 3]), 0)
    return np.asarray(np.hypot(across, down).min(axis=1, initial=np.inf))


_AROUND = ((1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1))


# ---------------------------------------------------------------------- small change


def _boxes(centres: FloatArray, size: tuple[float, float]) -> FloatArray:
    half = np.asarray(size) / 2
    return np.hstack([centres - half, centres + half])


def _none() -> Places:
    return Places((), np.empty((0, 4)), np.empty(0), np.empty((0, 4)), np.empty(0))


def _joined(parts: Sequence[Places]) -> Places:
    texts = tuple(text for part in parts for text in part.texts)
    boxes, leaders = (np.vstack([getattr(part, name) for part in parts]) for name in ("boxes", "leaders"))
    costs, own = (np.concatenate([getattr(part, name) for part in parts]) for name in ("costs", "own"))
    return Places(texts, boxes, costs, leaders, own)


def _within(boxes: FloatArray, room: Room) -> npt.NDArray[np.bool_]:
    inside = (boxes[:, :2] >= np.asarray(room[:2])) & (boxes[:, 2:] <= np.asarray(room[2:]))
    return np.asarray(inside.all(axis=1))
