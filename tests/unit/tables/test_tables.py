"""Tables: the exact text of every writer, what is escaped, and what a regression table says."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import FileError, OptionError
from spatialconv.results import Provenance, Result
from spatialconv.tables import CELLS, Table, frame_to_latex, frame_to_markdown, regression, save, table


@dataclass(frozen=True, eq=False, repr=False)
class Fit(Result):
    """A result with given figures."""

    rows: tuple
    about: dict
    notes: tuple = ()
    provenance: Provenance = field(default_factory=lambda: Provenance("fit"))

    def tidy(self):
        names = ["term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
        return pd.DataFrame(self.rows, columns=names)

    def glance(self):
        return pd.DataFrame([self.about])

    def _headline(self):
        return ["A fit"]


NAN = float("nan")


def paper():
    """Columns of a published table: rho below -1, one model without a lag, one without a speed."""
    province = Fit(
        (
            ("log_initial", -0.336, 0.069, -4.87, 0.000001, -0.471, -0.201),
            ("digital", 2.142, 0.605, 3.54, 0.0004, 0.956, 3.328),
            ("rho", -1.055, 0.202, -5.22, 0.0000002, -1.451, -0.659),
            ("sigma2", 0.027, 0.0064, 4.19, 0.00003, 0.014, 0.04),
            ("speed", 0.41, 0.1, NAN, NAN, 0.2, 0.6),
            ("half_life", 1.69, 0.4, NAN, NAN, 0.9, 2.5),
        ),
        {
            "speed": 0.4101,
            "half_life": 1.6927,
            "effects": "time",
            "correction": "lee-yu",
            "nobs": 44,
            "loglik": 11.56961,
            "rsquared_between": 0.46652,
            "at_bound": "",
            "weights": "inverse squared distance",
        },
        ("region 'Zhoushan' has no neighbour",),
    )
    pooled = Fit(
        (
            ("log_initial", -1.02, 0.05, -20.4, 0.0, -1.118, -0.922),
            ("intercept", 0.5, 0.3, 1.67, 0.0957, -0.088, 1.088),
            ("W:log_initial", 0.00004, 0.02, 0.002, 0.998, -0.04, 0.04),
            ("sigma2", 0.08, NAN, NAN, NAN, NAN, NAN),
        ),
        {"speed": NAN, "half_life": NAN, "effects": "none", "correction": "none", "nobs": 1044, "loglik": -7.5},
        ("region 'Zhoushan' has no neighbour", "2 rows were dropped"),
    )
    return {"Province": province, "Pooled": pooled}


# ---------------------------------------------------------------------- a plain frame


def frame():
    return pd.DataFrame(
        {
            "n": [11, 11, 9],
            "I": [-0.2311, -0.00001, 0.5],
            "p_value": [0.474, 0.0004, NAN],
            "exports": [187.16412, 0.33, 12.5],
            "where": ["a & b", "50 % | c_d", "東京"],
        },
        index=pd.Index([2016, 2017, 2018], name="year"),
    )


MARKDOWN = """\
**Exports & Moran's I**

| year |   n |          I | p_value | exports | where       |
| ---- | --: | ---------: | ------: | ------: | ----------- |
| 2016 |  11 |    −0.2311 |   0.474 | 187.164 | a & b       |
| 2017 |  11 | −1.000e−05 | < 0.001 |   0.330 | 50 % \\| c_d |
| 2018 |   9 |     0.5000 |       – |  12.500 | 東京        |

Notes:

- one
- two
"""

LATEX = r"""\begin{table}[htbp]
\centering
\caption{Exports \& Moran's I}
\label{tab:moran}
\begin{tabular}{lrrrrl}
\toprule
year & n & I & p\_value & exports & where \\
\midrule
2016 & 11 & $-$0.2311 & 0.474 & 187.164 & a \& b \\
2017 & 11 & $-$1.000$\times10^{-5}$ & $<$ 0.001 & 0.330 & 50 \% $|$ c\_d \\
2018 & 9 & 0.5000 & -- & 12.500 & 東京 \\
\bottomrule
\end{tabular}
\par\smallskip
\begin{minipage}{\linewidth}\footnotesize Notes: one \par two\end{minipage}
\end{table}
"""

HTML = """\
<table>
<caption>Exports &amp; Moran&#x27;s I</caption>
<thead><tr><th style="text-align:left">year</th><th style="text-align:right">I</th>\
<th style="text-align:left">where</th></tr></thead>
<tbody>
<tr><td style="text-align:left">2016</td><td style="text-align:right">−0.2311</td>\
<td style="text-align:left">a &amp; b</td></tr>
<tr><td style="text-align:left">2017</td><td style="text-align:right">0.1000</td>\
<td style="text-align:left">&lt;b&gt;</td></tr>
</tbody>
<tfoot><tr><td colspan="3" style="text-align:left">Notes: one &lt; two<br>three</td></tr></tfoot>
</table>
"""


class TestWriters:
    def test_markdown(self):
        made = table(frame(), caption="Exports & Moran's I", notes=("one", "two"))
        assert made.to_markdown() == MARKDOWN
        assert repr(made) == MARKDOWN.rstrip("\n")

    def test_latex(self):
        made = table(frame(), caption="Exports & Moran's I", notes=("one", "two"))
        assert made.to_latex(label="tab:moran") == LATEX

    def test_latex_alone_is_a_tabular(self):
        text = frame_to_latex(frame()[["n"]])
        assert text == "\\begin{tabular}{lr}\n\\toprule\nyear & n \\\\\n\\midrule\n2016 & 11 \\\\\n2017 & 11 \\\\\n" + (
            "2018 & 9 \\\\\n\\bottomrule\n\\end{tabular}\n"
        )

    def test_html(self):
        small = pd.DataFrame(
            {"I": [-0.2311, 0.1], "where": ["a & b", "<b>"]}, index=pd.Index([2016, 2017], name="year")
        )
        made = table(small, caption="Exports & Moran's I", notes=("one < two", "three"))
        assert made.to_html() == made._repr_html_() == HTML

    def test_functions_are_the_methods(self):
        assert frame_to_markdown(frame(), caption="c", digits=2) == table(frame(), caption="c", digits=2).to_markdown()
        assert frame_to_latex(frame(), caption="c", label="l") == table(frame(), caption="c").to_latex(label="l")

    def test_csv_keeps_every_digit(self):
        rng = np.random.default_rng(1)
        wide = pd.DataFrame(rng.normal(size=(5, 3)) * 10.0 ** rng.integers(-9, 9, size=(5, 3)), columns=list("abc"))
        wide.index.name = "k"
        lines = table(wide).to_csv().splitlines()
        assert lines[0] == "k,a,b,c"
        assert [[float(v) for v in line.split(",")[1:]] for line in lines[1:]] == wide.to_numpy().tolist()
        assert table(frame()).to_csv().splitlines()[2] == "2017,11,-1e-05,0.0004,0.33,50 % | c_d"

    def test_rows_without_labels_show_none(self):
        plain = pd.DataFrame({"a": ["x"], "b": [1]})
        assert frame_to_markdown(plain) == "| a   |   b |\n| --- | --: |\n| x   |   1 |\n"
        assert table(plain).to_csv() == "a,b\nx,1\n"

    def test_several_levels(self):
        index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["v", "year"])
        columns = pd.MultiIndex.from_tuples([("mean", 2016), ("sd", 2016)])
        text = frame_to_markdown(pd.DataFrame(np.arange(8.0).reshape(4, 2), index=index, columns=columns))
        assert text.splitlines()[0] == "| v   | year | mean 2016 | sd 2016 |"
        assert [line[:14] for line in text.splitlines()[2:]] == [
            "| a   | 1    |",
            "|     | 2    |",
            "| b   | 1    |",
            "|     | 2    |",
        ]

    def test_frame_is_not_modified(self):
        given = frame()
        made = table(given)
        made.to_markdown(), made.to_latex(), made.to_html(), made.to_csv()
        pd.testing.assert_frame_equal(given, frame())
        copy = made.to_frame()
        copy.iloc[0, 0] = 99
        assert made.frame.iloc[0, 0] == 11


class TestFigures:
    @pytest.mark.parametrize(
        ("values", "texts"),
        [
            ([1.0, 2.0], ["1", "2"]),
            ([0.123456, -1.0], ["0.1235", "−1.0000"]),
            ([131.3158, 0.5], ["131.316", "0.500"]),
            ([55431.27, 0.04], ["55431.3", "4e−02"]),
            ([12345678.9, -0.3], ["12345679", "0"]),
            ([-0.0, 0.5], ["0.0000", "0.5000"]),
            ([np.inf, -np.inf], ["inf", "−inf"]),
            ([NAN, 2.5], ["–", "2.5000"]),
            ([True, False], ["yes", "no"]),
            (["x", None], ["x", "–"]),
            (list(pd.to_datetime(["2020-01-31", "2020-02-29"])), ["2020-01-31", "2020-02-29"]),
        ],
    )
    def test_sensible_digits(self, values, texts):
        lines = frame_to_markdown(pd.DataFrame({"v": values})).splitlines()[2:]
        assert [line.strip("| ") for line in lines] == texts

    def test_digits(self):
        text = frame_to_markdown(frame()[["I", "exports"]], digits={"exports": 1})
        assert "| 2018 |     0.5000 |    12.5 |" in text
        assert "| 2018 |     0.50 |   12.50 |" in frame_to_markdown(frame()[["I", "exports"]], digits=2)

    def test_p_value_is_never_zero(self):
        text = frame_to_markdown(pd.DataFrame({"p": [0.0, 0.00099, 0.001, 1.0]}))
        assert [line.strip("| ") for line in text.splitlines()[2:]] == ["< 0.001", "< 0.001", "0.001", "1.000"]

    def test_chinese_names_keep_the_columns_in_line(self):
        lines = frame_to_markdown(pd.DataFrame({"city": ["杭州市", "Ningbo"], "n": [1, 2]})).splitlines()
        assert lines[2:] == ["| 杭州市 |   1 |", "| Ningbo |   2 |"]


class TestEscapes:
    def test_latex_specials(self):
        nasty = "50% of a_b & c#d ~ $5 {x} ^2 \\ R² ≤ σ − ρ < 3"
        text = frame_to_latex(pd.DataFrame({nasty: [nasty]}), caption=nasty)
        escaped = (
            r"50\% of a\_b \& c\#d \textasciitilde{} \$5 \{x\} \textasciicircum{}2 \textbackslash{} "
            r"R$^2$ $\leq$ $\sigma$ $-$ $\rho$ $<$ 3"
        )
        assert text.count(escaped) == 3

    @pytest.mark.parametrize("text", ["$−5", "a$−$b", "σ²", "−<−", "\\$"])
    def test_formulas_that_touch(self, text):
        made = frame_to_latex(pd.DataFrame({"v": [text]})).splitlines()[4]
        assert len(re.findall(r"(?<!\\)\$", made.replace(r"\textbackslash{}", ""))) % 2 == 0
        assert made.count(r"\$") == text.count("$")
        assert not re.search(r"(?<!\\)\$\$", made)

    def test_a_row_that_starts_with_a_bracket(self):
        text = frame_to_latex(pd.DataFrame({"v": ["[0.1, 0.2]", "*"], "w": ["a", "b"]}))
        assert "\n{}[0.1, 0.2] & a \\\\\n{}* & b \\\\\n" in text

    def test_braces_and_formulas_are_balanced(self):
        made = [regression(paper(), cells=c, caption="a_b {c} 50%").to_latex(label="t") for c in CELLS]
        made.append(frame_to_latex(frame(), caption="{} & }"))
        for text in made:
            bare = re.sub(r"\\[\\{}$%&#_]", "", text)
            depth = np.cumsum([{"{": 1, "}": -1}.get(c, 0) for c in bare])
            assert depth.min() >= 0
            assert depth[-1] == 0
            for line in bare.splitlines():
                assert line.count("$") % 2 == 0, line
            opened, closed = (re.findall(rf"\\{w}\{{(\w+)\}}", text) for w in ("begin", "end"))
            assert sorted(opened) == sorted(closed)

    def test_markdown_pipes_tags_and_lines(self):
        text = frame_to_markdown(pd.DataFrame({"a|b": ["x|y\nz", "<script>", "p < 3"]}))
        assert "a\\|b" in text
        assert "x\\|y z" in text
        assert "&lt;script>" in text
        assert "p < 3" in text

    def test_html_is_escaped_everywhere(self):
        text = table(pd.DataFrame({"<i>": ["<b>"]}), caption="<c>", notes=("<d>",)).to_html()
        for tag in ("<i>", "<b>", "<c>", "<d>"):
            assert tag not in text


# ---------------------------------------------------------------------- regression tables


class TestRegression:
    def test_markdown(self):
        text = regression(paper(), digits=3, caption="Growth of exports").to_markdown()
        assert text == (
            "**Growth of exports**\n"
            "\n"
            "|                          |  Province |      Pooled |\n"
            "| ------------------------ | --------: | ----------: |\n"
            "| ln initial level (β)     | −0.336*** |   −1.020*** |\n"
            "|                          |   (0.069) |     (0.050) |\n"
            "| digital                  |  2.142*** |             |\n"
            "|                          |   (0.605) |             |\n"
            "| W × ln initial level (β) |           |    4.00e−05 |\n"
            "|                          |           |     (0.020) |\n"
            "| Constant                 |           |      0.500* |\n"
            "|                          |           |     (0.300) |\n"
            "| ρ                        | −1.055*** |             |\n"
            "|                          |   (0.202) |             |\n"
            "| σ²                       |     0.027 |       0.080 |\n"
            "|                          |   (0.006) | (undefined) |\n"
            # What describes the fit first, then how it was made: the order that journals print.
            "| Speed of convergence     |     0.410 |   undefined |\n"
            "| Half-life                |     1.693 |   undefined |\n"
            "| R² between               |     0.467 |           – |\n"
            "| Log-likelihood           |    11.570 |      −7.500 |\n"
            "| Observations             |        44 |        1044 |\n"
            "| Effects                  |      time |        none |\n"
            "| Approach                 |    Lee-Yu |      direct |\n"
            "| Weights                  |         W |           – |\n"
            "\n"
            "Notes:\n"
            "\n"
            "- standard errors in parentheses\n"
            "- stars: * p < 0.10, ** p < 0.05, *** p < 0.01\n"
            "- W: inverse squared distance\n"
            "- region 'Zhoushan' has no neighbour\n"
            "- Pooled: 2 rows were dropped\n"
        )

    def test_latex_lines_up_the_decimals(self):
        text = regression(paper(), digits=3, terms=("log_initial", "intercept"), footer=("nobs",)).to_latex()
        rows = text.split("\\midrule\n", 1)[1].split("\\bottomrule")[0]
        assert rows == (
            "ln initial level ($\\beta$) & $-$0.336$^{***}$ & $-$1.020$^{***}$ \\\\\n"
            " & (0.069)$\\phantom{^{***}}$ & (0.050)$\\phantom{^{***}}$ \\\\\n"
            "Constant &  & 0.500$^{*}\\phantom{^{**}}$ \\\\\n"
            " &  & (0.300)$\\phantom{^{***}}$ \\\\\n"
            "\\midrule\n"
            "Observations & 44$\\phantom{^{***}}$ & 1044$\\phantom{^{***}}$ \\\\\n"
        )
        assert "phantom" not in regression(paper(), stars=False).to_latex()

    @pytest.mark.parametrize(
        ("cells", "under", "note"),
        [
            ("estimate", None, None),
            ("estimate (std_error)", "(0.0690)", "standard errors in parentheses"),
            ("estimate (z)", "(−4.87)", "z-values in parentheses"),
            ("estimate (t)", "(−4.87)", "t-values in parentheses"),
            ("estimate (p_value)", "(<0.001)", "p-values in parentheses"),
            ("estimate [interval]", "[−0.4710, −0.2010]", "95 % confidence intervals in brackets"),
        ],
    )
    def test_cells(self, cells, under, note):
        made = regression(paper(), cells=cells)
        assert made.frame.loc["ln initial level (β)", "Province"] == "−0.3360***"
        assert made.notes[0] == (note or "stars: * p < 0.10, ** p < 0.05, *** p < 0.01")
        if under:
            assert made.frame.iloc[1]["Province"] == under
        assert len(made.frame) == (6 if under is None else 12) + 8

    def test_the_level_of_intervals_is_that_of_each_result(self):
        class Other(Fit):
            level = 0.9

        row = (("x", 1.0, 1.0, 1.0, 0.3, 0.0, 2.0),)
        one, two = Fit(row, {"nobs": 3}), Other(row, {"nobs": 3})
        made = regression({"a": one, "b": two}, cells="estimate [interval]", stars=False)
        assert made.notes == (
            "a: 95 % confidence intervals in brackets",
            "b: 90 % confidence intervals in brackets",
        )
        assert regression([two], cells="estimate [interval]").notes[0].startswith("90 % ")

    def test_no_interval_stands_where_there_is_none(self):
        fit = Fit((("x", 1.0, NAN, NAN, NAN, NAN, NAN),), {"nobs": 3})
        assert regression([fit], cells="estimate [interval]").frame.iloc[1]["(1)"] == "undefined"

    def test_stars(self):
        def marks(p):
            fit = Fit((("x", 1.0, 1.0, 1.0, p, 0.0, 2.0), ("sigma2", 1.0, 1.0, 1.0, p, 0.0, 2.0)), {"nobs": 3})
            return regression([fit]).frame.loc[["x", "σ²"], "(1)"].str.count(r"\*").tolist()

        assert [marks(p) for p in (0.0099, 0.01, 0.0499, 0.05, 0.0999, 0.1, NAN)] == [
            [3, 0], [2, 0], [2, 0], [1, 0], [1, 0], [0, 0], [0, 0],
        ]  # fmt: skip
        plain = regression(paper(), stars=False)
        assert not plain.frame.map(lambda v: "*" in v).any(axis=None)
        assert not any("stars" in note for note in plain.notes)

    def test_csv_holds_all_quantities(self):
        made = regression(paper(), digits=1, footer=("speed", "loglik", "effects"))
        back = pd.read_csv(io.StringIO(made.to_csv()), index_col=["term", "quantity"])
        assert back.loc[("rho", "statistic"), "Province"] == "-5.22"
        assert float(back.loc[("sigma2", "std_error"), "Province"]) == 0.0064
        assert float(back.loc[("loglik", "value"), "Province"]) == 11.56961
        assert back.loc[("effects", "value")].tolist() == ["time", "none"]
        assert back.loc[("rho", "estimate")].isna()["Pooled"]
        assert len(back) == 6 * 6 + 3

    def test_sequence_and_single(self):
        fits = list(paper().values())
        assert list(regression(fits).frame.columns) == ["(1)", "(2)"]
        assert list(regression(fits[0]).frame.columns) == ["(1)"]

    def test_footer_terms_and_labels(self):
        made = regression(
            paper(),
            cells="estimate",
            terms=("rho", "digital"),
            footer=("nobs", "aic"),
            labels={"rho": "lag", "nobs": "N"},
        )
        assert made.frame.index.tolist() == ["lag", "digital", "N"]
        assert made.rules == (2,)

    def test_weights_are_said_once_or_numbered(self):
        def fit(w):
            return Fit((("x", 1.0, 1.0, 1.0, 0.3, 0.0, 2.0),), {"weights": w})

        same = regression([fit("queen"), fit("queen")])
        assert "weights: queen" in same.notes
        assert "Weights" not in same.frame.index
        several = regression([fit("queen"), fit(""), fit("knn"), fit("queen")])
        assert several.frame.loc["Weights"].tolist() == ["W1", "–", "W2", "W1"]
        assert several.notes[-2:] == ("W1: queen", "W2: knn")
        assert "Weights" not in regression([fit(""), fit(None)]).frame.index

    def test_a_bound_is_a_warning(self):
        fit = Fit((("rho", 0.99, 1.0, 1.0, 0.3, 0.0, 2.0),), {"at_bound": "rho"})
        other = Fit((("rho", 0.5, 1.0, 1.0, 0.3, 0.0, 2.0),), {"at_bound": ""})
        assert regression({"a": other, "b": fit}).notes[-1] == (
            "b: rho on the bound of the admissible interval, do not use"
        )

    def test_a_regressor_called_speed_stays(self):
        rows = (("speed", 0.7, 0.1, 7.0, 0.0, 0.5, 0.9), ("speed", 0.1, 0.1, NAN, NAN, 0.0, 0.2))
        made = regression([Fit(rows, {"speed": 0.1})], cells="estimate")
        assert made.frame["(1)"].tolist() == ["0.7000***", "0.1000"]

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: regression([]), "needs one result or more; got none"),
            (lambda: regression({"a": 3}), "'a' is a int"),
            (lambda: regression(paper(), cells="beta"), "cells must be one of 'estimate'"),
            (
                lambda: regression(paper(), terms=("gamma",)),
                "no model has the term 'gamma'; they have 6: 'log_initial'",
            ),
            (lambda: regression(paper(), digits=0), "digits must be a whole number of at least 1"),
            (
                lambda: regression([sc.descriptives(sc.datasets.zhejiang().panel)]),
                "tidy\\(\\) of '\\(1\\)' lacks 4: 'estimate', 'std_error', 'statistic', …",
            ),
        ],
    )
    def test_bad_input(self, call, message):
        with pytest.raises(OptionError, match=message):
            call()

    def test_real_fits_cell_by_cell(self):
        zj = sc.datasets.zhejiang()
        w = sc.weights.inverse_distance(zj.cities)
        fits = {
            e: sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects=e)
            for e in ("time", "two-way")
        }
        made = regression(fits, cells="estimate (z)", digits=4)
        for name, fit in fits.items():
            column = made.frame[name].tolist()
            for k, (term, _) in enumerate(fit.fit.params.items()):
                shown = float(column[2 * k].replace("−", "-").rstrip("*"))
                assert shown == pytest.approx(fit.fit.params[term], abs=0.5e-4)
                # Under region and two-way effects no z of beta holds, and none is printed.
                if (name, term) == ("two-way", "log_initial"):
                    assert column[2 * k + 1] == "(undefined)"
                    continue
                assert float(column[2 * k + 1].strip("()").replace("−", "-")) == pytest.approx(
                    fit.fit.tstats[term], abs=0.005
                )
        assert made.frame.loc["Speed of convergence", "two-way"] == "undefined"
        assert made.frame.loc["Effects"].tolist() == ["time", "two-way"]
        assert made.frame.loc["Observations"].tolist() == ["44", "44"]
        assert json.dumps(made.notes)


# ---------------------------------------------------------------------- results, files


class TestTable:
    def test_of_a_result(self):
        result = sc.sigma(sc.datasets.zhejiang().panel, "exports")
        made = table(result)
        assert made.caption == "Sigma convergence of exports: 11 regions x 5 periods (2016 to 2020)"
        assert made.notes == result.notes
        pd.testing.assert_frame_equal(made.frame, result.table)
        assert table(result, caption="", notes=()).to_markdown().startswith("| year |")

    def test_of_a_result_without_table(self):
        made = table(paper()["Pooled"])
        assert list(made.frame.columns)[:2] == ["term", "estimate"]

    def test_of_a_table(self):
        made = regression(paper(), caption="old")
        changed = table(made, caption="new")
        assert (made.caption, changed.caption) == ("old", "new")
        assert changed.rules == made.rules
        assert changed.to_csv() == made.to_csv()

    def test_frozen(self):
        with pytest.raises(AttributeError):
            table(frame()).caption = "x"

    def test_bad_input(self):
        with pytest.raises(OptionError, match="a table is made of a DataFrame, a result or a Table; got list"):
            table([1, 2])
        with pytest.raises(OptionError, match="align must give 'l' or 'r' for each of 2: '', 'v'; got 'lc'"):
            Table(pd.DataFrame({"v": [1]}, index=["a"]), align="lc").to_markdown()


class TestSave:
    @pytest.mark.parametrize("suffix", [".csv", ".md", ".tex", ".html", ".MD"])
    def test_suffix_chooses(self, tmp_path, suffix):
        made = regression(paper(), caption="Wachstum, 增长")
        path = save(made, tmp_path / f"growth{suffix}", label="tab:g")
        writers = {
            ".csv": made.to_csv(),
            ".md": made.to_markdown(),
            ".tex": made.to_latex(label="tab:g"),
            ".html": made.to_html(),
        }
        assert path.read_bytes().decode("utf-8") == writers[suffix.lower()]

    def test_frames_and_results(self, tmp_path):
        assert save(frame(), tmp_path / "a.csv").read_text(encoding="utf-8") == table(frame()).to_csv()
        assert "Zhoushan" in save(paper()["Pooled"], str(tmp_path / "b.md")).read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("name", "error", "message"),
        [
            # Word and Excel are written since there are extras for them.
            (
                "a.odt",
                OptionError,
                r"the suffix of path must be one of '.csv', '.md', '.tex', '.html', '.docx', '.xlsx'",
            ),
            ("a", OptionError, "got ''"),
            ("no/such/a.md", FileError, "cannot write .*No such file or directory. Create the folder first"),
        ],
    )
    def test_bad_paths(self, tmp_path, name, error, message):
        with pytest.raises(error, match=message):
            save(frame(), tmp_path / name)
