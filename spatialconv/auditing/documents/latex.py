r"""Tables of LaTeX: every tabular of a document, as esttab, outreg2, texreg, stargazer and modelsummary write them.

Read without pylatexenc, on purpose. It turns macros into text and has no tables: of 2.11, `&` comes out as a space, so
that blank cells are gone, and `\multicolumn{2}{c}{0.5}` as `2c0.5`, which is no figure. What is read here is held
against what each of the five writes.
"""

from __future__ import annotations

import re

from spatialconv.auditing.documents.raw import DEEPEST, MOST_TABLES, RawTable, laid_out

_NAMES = r"tabular|tabular\*|tabularx|tabulary|longtable|supertabular|tabu|longtabu|tblr|longtblr|talltblr|array"
_BEGIN = re.compile(rf"\\begin\s*\{{({_NAMES})\}}")
_COMMENT = re.compile(r"(?<!\\)%.*")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|addlinespace|endhead|endfirsthead|endfoot|endlastfoot|noalign|hhline"
    r"|firsthline|lasthline|specialrule)(?:\s*\[[^\]]*\])?(?:\s*\{[^{}]*\})*"
    r"|\\c(?:mid)?rule(?:\s*\([^)]*\))?(?:\s*\[[^\]]*\])?\s*\{[^{}]*\}|\\cline\s*\{[^{}]*\}|\\cmidrule(?:\s*\([^)]*\))?\s*\{[^{}]*\}"
)
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Sigma": "Σ", "Lambda": "Λ",
    "times": "×", "cdot": "·", "ast": "*", "star": "*", "pm": "±", "leq": "<=", "geq": ">=", "le": "<=", "ge": ">=",
    "dagger": "†", "dag": "†", "ddagger": "‡", "ddag": "‡", "textdagger": "†", "textasteriskcentered": "*",
    "infty": "inf", "ln": "ln ", "log": "log ", "textminus": "-", "textless": "<", "textgreater": ">", "quad": " ",
    "qquad": " ", "checkmark": "yes", "Checkmark": "yes", "ldots": "...", "dots": "...", "newline": " ", "par": " ",
}  # fmt: skip
_WRAPPED = re.compile(r"\\(?:[a-zA-Z]+)\*?\s*(?:\[[^\[\]]*\]\s*)?\{([^{}]*)\}")
_SETS = re.compile(
    r"\\(multicolumn|multirow|SetCell|parbox|makebox|rotatebox|textcolor|color|cellcolor|rowcolor|resizebox)\b"
)
_ARGUMENTS = {"multicolumn": 3, "multirow": 3, "parbox": 2, "makebox": 1, "rotatebox": 2, "textcolor": 2, "color": 1,
              "cellcolor": 1, "rowcolor": 1, "resizebox": 3, "SetCell": 1}  # fmt: skip


def tables(text: str) -> list[RawTable]:
    """Return the tables of a document, with the caption and the notes of the float that each stands in."""
    clean = _COMMENT.sub("", text.replace("\r\n", "\n"))
    found: list[RawTable] = []
    start = 0
    while len(found) < MOST_TABLES:
        begin = _BEGIN.search(clean, start)
        if begin is None:
            break
        body, after = _environment(clean, begin)
        start = after
        rows = _rows(body)
        if rows:
            before, behind = _around(clean, begin.start(), after)
            found.append(RawTable(laid_out(rows), before, behind))
    return found


def _environment(text: str, begin: re.Match[str]) -> tuple[str, int]:
    """Return what stands between the begin of an environment and its own end, and where it ends."""
    name = begin[1]
    mark = re.compile(rf"\\(begin|end)\s*\{{{re.escape(name)}\}}")
    depth, position = 1, begin.end()
    for held in mark.finditer(text, begin.end()):
        depth += 1 if held[1] == "begin" else -1
        position = held.start()
        if depth == 0:
            break
    else:
        position = len(text)
    inside = text[begin.end() : position].lstrip()
    # [t], {width}, {columns}: everything in brackets before the first cell.
    for _ in range(4):
        if inside[:1] == "[" and "]" in inside:
            inside = inside[inside.index("]") + 1 :].lstrip()
        elif inside[:1] == "{":
            _, end = _braced(inside, 0)
            inside = inside[end:].lstrip()
        else:
            break
    return inside, position + 1


def _around(text: str, start: int, end: int) -> tuple[str, list[str]]:
    """Return caption and notes of the float around a place."""
    low = max(text.rfind(r"\begin{table", 0, start), text.rfind(r"\begin{sidewaystable", 0, start), start - 3000, 0)
    closing = [p for name in ("table", "table*", "sidewaystable") if (p := text.find(rf"\end{{{name}}}", end)) >= 0]
    high = min([*closing, end + 3000, len(text)])
    caption = ""
    for place in (text[low:start], text[end:high]):
        held = re.search(r"\\caption\s*(?:\[[^\]]*\])?\s*\{", place)
        if held and not caption:
            caption = to_text(_braced(place, held.end() - 1)[0])
    notes = to_text(text[end:high].split(r"\caption")[0])
    return caption, [notes] if notes else []


def _braced(text: str, start: int) -> tuple[str, int]:
    """Return what stands in the braces that open at a place, and the place behind them."""
    depth = 0
    for k in range(start, len(text)):
        if text[k] == "{" and text[k - 1 : k] != "\\":
            depth += 1
        elif text[k] == "}" and text[k - 1 : k] != "\\":
            depth -= 1
            if depth == 0:
                return text[start + 1 : k], k + 1
    return text[start + 1 :], len(text)


def _rows(body: str) -> list[list[tuple[str, int, int]]]:
    rows = []
    for line in _split(_RULES.sub(" ", body), "\\\\"):
        line = re.sub(r"^\s*\[[^\]]*\]", "", line.replace("*", "*", 1) if not line.startswith("*") else line[1:])
        if not line.strip():
            continue
        rows.append([_cell(cell) for cell in _split(line, "&")])
    return rows


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark outside braces."""
    parts, depth, last, k = [], 0, 0, 0
    while k < len(text):
        if text.startswith(mark, k) and depth <= 0:
            parts.append(text[last:k])
            k += len(mark)
            last = k
            continue
        c = text[k]
        if c == "\\":
            k += 2
            continue
        depth += (c == "{") - (c == "}")
        k += 1
    parts.append(text[last:])
    return parts


def _cell(text: str) -> tuple[str, int, int]:
    wide = high = 1
    many = re.search(r"\\multicolumn\s*\{\s*(\d{1,3})\s*\}", text)
    deep = re.search(r"\\multirow\s*(?:\[[^\]]*\])?\s*\{\s*(-?\d{1,3})\s*\}", text)
    if many:
        wide = int(many[1])
    if deep and int(deep[1]) > 0:
        high = int(deep[1])
    return to_text(text), wide, high


def to_text(text: str) -> str:
    r"""Return what a piece of LaTeX prints, near enough to read figures and labels.

    Examples
    --------
    >>> to_text(r"$-0.054^{***}$"), to_text(r"\multicolumn{1}{c}{\textbf{0.1}\sym{**}}"), to_text(r"W$\ln y$")
    ('-0.054***', '0.1**', 'Wln y')
    """
    held = _dropped(text)
    held = re.sub(r"\^\s*\\?\{?\s*((?:\\?\*|\\ast\b|\\star\b|,|\s)+)\}?", lambda m: _stars(m[1]), held)
    held = re.sub(r"\\([&%$#_{}])", lambda m: "\0" + m[1], held)
    held = held.replace("\\,", " ").replace("\\;", " ").replace("\\!", "").replace("~", " ").replace("\\ ", " ")
    held = re.sub(r"\\[()\[\]]", "", held).replace("$", "").replace("---", "-").replace("--", "-").replace("\\\\", " ")
    held = re.sub(r"\\([a-zA-Z]+)\b", lambda m: _GREEK.get(m[1], "\\" + m[1]), held)
    for _ in range(DEEPEST):
        changed = _WRAPPED.sub(r"\1", held)
        if changed == held:
            break
        held = changed
    held = re.sub(r"\\[a-zA-Z]+\*?|\\['`^\"~=.]", "", held)
    # A power of ten keeps its exponent; other braces go.
    held = re.sub(r"\^\{([^{}]*)\}", r"^\1", held)
    held = re.sub(r"(?<!\0)[{}]", "", held).replace("\0", "")
    return " ".join(held.split())


def _stars(text: str) -> str:
    count = len(re.findall(r"\*|\\ast|\\star", text))
    return "*" * count if count else "^"


def _dropped(text: str) -> str:
    """Leave of commands with several arguments the last one."""
    for _ in range(DEEPEST):
        found = _SETS.search(text)
        if found is None:
            break
        position, last = found.end(), ""
        for _argument in range(_ARGUMENTS[found[1]]):
            while position < len(text) and text[position] in " \n[":
                position = (
                    text.find("]", position) + 1 if text[position] == "[" and "]" in text[position:] else position + 1
                )
            if text[position : position + 1] == "{":
                last, position = _braced(text, position)
            elif found[1] == "multirow" and text[position : position + 1] == "*":
                position += 1
        keep = last if found[1] not in ("cellcolor", "rowcolor", "color", "SetCell") else ""
        text = text[: found.start()] + keep + text[position:]
    return text
