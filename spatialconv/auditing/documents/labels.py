"""What labels of rows and columns mean, in the words of the programs and papers that print them."""

from __future__ import annotations

import re

# Statistic of a description -> how tables call it; the first that fits is taken, so that the narrower stand first.
_STATISTICS: tuple[tuple[str, str], ...] = (
    (
        "adj_r2",
        r"adj(usted|\.)?[\s_.-]*r[\s_-]*(2|sq\w*|\^2|²)|r\^?2[\s_-]*(adj\.?|adjusted)|a[\s_-]?r2|"
        r"r-?squared adj\w*|r2_a|adj\.? r",
    ),
    (
        "within_r2",
        r"(within|between|overall|pseudo|mcfadden|spatial|corrected|buse|squared corr\w*|conditional|"
        r"marginal)[\w\s.]*r?[\s_-]*(2|sq\w*|\^2|²)|r2[\s_(-]*(within|between|overall|w|b|o|p)\)?|"
        r"squared corr\w*|r-?squared \((within|between|overall)\)",
    ),
    ("r2", r"r[\s_-]*(2|²)|r[\s_-]?sq(uared|uare|\.)?|r\^\{?2\}?|r-sq|multiple r-?squared|\u62df\u5408\u4f18\u5ea6"),
    ("loglik", r"(maximum )?log[\s_-]*(pseudo)?-?\.?lik\w*\.?|ll|logl(ik)?|log l|log-l|llf|log pseudolikelihood"),
    ("aic", r"aic|akaike.*"),
    ("bic", r"bic|sic|sbc|schwarz.*"),
    ("half_life", r"half[\s_-]*li(fe|ves).*|\u534a\u751f\u547d\u5468\u671f.*"),
    (
        "speed",
        r"(implied )?(speed|rate)( of (beta |β[- ])?convergence)?( \(%\))?|implied (λ|lambda)|"
        r"convergence (speed|rate).*|\u6536\u655b\u901f\u5ea6.*",
    ),
    (
        "regions",
        r"(number|no\.?|#|num\.?|n)( of)? (id|regions?|groups?|provinces?|cities|counties|countries|"
        r"units|individuals|entities|panels|states|code|idcode|firms?)|regions|provinces|groups|entities|"
        r"n[_ ]?g|n clusters?|clusters",
    ),
    ("periods", r"(number|no\.?|#) of (years|periods)|time periods|periods|years"),
    (
        "n",
        r"n|obs\.?|observations?|(number|no\.?|num\.?|nr\.?|#)( of)? obs(ervations?|\.)?|num\.obs\.?|"
        r"sample size|nobs|n\.? ?obs\.?|n \(obs\)|\u89c2\u6d4b\u503c|\u6837\u672c\u91cf|"
        r"\u6837\u672c\u6570",
    ),
    ("f_p", r"prob\s*>\s*f|prob\s*\(?f[\w\s-]*\)?|p-?value \(f\w*\)|p > f|f[\s_-]?p"),
    ("wald_p", r"prob\s*>\s*chi2?|wald[\s_]p.*"),
    ("f", r"f([\s_-]?(stat\w*\.?|test|value))?|f\(\s*\d+\s*,\s*\d+\s*\)"),
    ("hausman_p", r"hausman.*p[\s_-]?val.*|p.*hausman"),
    ("hausman", r"hausman.*"),
    ("lr_p", r"lr.*p[\s_-]?val.*"),
    ("wald", r"wald([\s_-]?(chi-?2|chi-?sq\w*|stat\w*|test|χ2|χ²))?(\s*\(\d+\))?"),
    ("df", r"df|df_r|df[\s_.-]?resid\w*|residual (df|degrees of freedom)|degrees of freedom"),
    ("sigma2", r"sigma[\s_-]*(2|sq\w*|\^2|²)(_e)?|σ\^?(2|²)(_e)?|sigma2_e|s2|sig2|σ_?e\^?2"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(rf"^(?:{pattern})$", re.IGNORECASE)) for name, pattern in _STATISTICS)
_ROLES = (
    (
        "rho",
        re.compile(
            r"^(spatial[\s:]+)?(rho|ρ|w\s*[*·×]?\s*(dep\w*|y|dy)|w_?y|spatial (autoregressive )?(rho|"
            r"lag)( coef\w*)?)$",
            re.I,
        ),
    ),
    ("lambda", re.compile(r"^(spatial[\s:]+)?(lambda|λ|spatial error( coef\w*)?)$", re.I)),
    ("sigma2", re.compile(r"^(variance[\s:]+)?(sigma2_e|sigma2|sigma\^2|σ2|σ²|σ\^2|sigma_e\^2|sigma2e)$", re.I)),
    (
        "beta",
        re.compile(
            r"^(main[\s:]+)?(beta|β|b|l[no]g?[\s(_]*(initial|y_?\{?i?,?t?-?[01]).*|log_initial|"
            r"initial (income|level|gdp).*|ln initial.*)$",
            re.I,
        ),
    ),
)  # fmt: skip
# What a column of one model holds.
_PARTS = (
    (
        "se",
        r"std\.?\s*(err(or)?\.?|e\.?)|robust std\. err\.?|s\.?e\.?|standard errors?|std\.?error|bse|"
        r"std\.?\s*dev\.? of .*|std\.? error|robust se",
    ),
    ("p", r"p[\s_-]*(>|value|val|r\(>).*|p|p>\|?[tz]\|?|pr\(>\|?[tz]\|?\)|prob(ability|\.)?|sig\.?|pvalue"),
    ("t", r"t|t[\s_-]*(stat\w*\.?|value|val|ratio)|tstat|t value|\u0074 \u503c"),
    ("z", r"z|z[\s_-]*(stat\w*\.?|value|val|score)|z value"),
    ("estimate", r"coef\w*\.?|estimates?|parameters?|b|param\.?|value|coef|est\.?"),
    (
        "low",
        r"(\[?\s*95\s*%?.*conf\.?.*|\[0\.025|2\.5 ?%|lower.*|ci[\s_]*low\w*|conf[._]low|\[?95% conf\.?|"
        r"lower ci|lower 95.*)",
    ),
    ("high", r"(interval\]?|0\.975\]|97\.5 ?%|upper.*|ci[\s_]*(high|up)\w*|conf[._]high|upper ci|upper 95.*)"),
)  # fmt: skip
_PART = tuple((name, re.compile(rf"^(?:{pattern})$", re.IGNORECASE)) for name, pattern in _PARTS)
_DESCRIPTIVES = (
    ("n", r"n|obs\.?|observations?|count|sample size|\u6837\u672c\u91cf|\u89c2\u6d4b\u503c"),
    ("mean", r"mean|average|avg\.?|\u5747\u503c|\u5e73\u5747\u503c"),
    ("std", r"std\.?(\s*\.?\s*(dev\w*\.?|d\.?))?|s\.?\s?d\.?|standard dev\w*|st\.? ?dev\.?|\u6807\u51c6\u5dee"),
    ("variance", r"var(iance)?\.?|\u65b9\u5dee"),
    ("cv", r"c\.?v\.?|coef\w*\.? of var\w*|\u53d8\u5f02\u7cfb\u6570"),
    ("min", r"min(imum)?\.?|\u6700\u5c0f\u503c"),
    ("max", r"max(imum)?\.?|\u6700\u5927\u503c"),
    ("p25", r"p25|25 ?%|25th( perc\w*)?|q1|1st qu\.?|first quartile|pctl\(25\)"),
    ("median", r"median|p50|50 ?%|50th( perc\w*)?|q2|\u4e2d\u4f4d\u6570"),
    ("p75", r"p75|75 ?%|75th( perc\w*)?|q3|3rd qu\.?|third quartile|pctl\(75\)"),
    ("sum", r"sum"),
)  # fmt: skip
_AUTOCORRELATION = (
    ("I", r"(global )?moran'?s?'?\s*(i|index)?|moran|i|moran.s i( index)?|\u83ab\u5170\u6307\u6570"),
    ("C", r"geary'?s?'?\s*c|c"),
    ("expected", r"e\(?[ic]?\)?|expect\w*( value)?"),
    ("variance", r"var\w*\.?|variance"),
    ("sd", r"sd(\([ic]\))?|std\.?.*|s\.?d\.?"),
    ("z", r"z([\s_-]*(value|stat\w*|score))?|z\(i\)"),
    ("p", r"p([\s_-]*values?\*?)?|p-value"),
)  # fmt: skip
_TESTS = (
    ("statistic", r"stat\w*\.?|value|chi-?2|χ2|χ²|chi-?sq\w*|test stat\w*|f|t|z|lm|mi/df"),
    ("df", r"df1?|d\.?f\.?|degrees? of freedom"),
    ("df2", r"df2"),
    ("p", r"p([\s_-]*values?)?|prob\.?|sig\.?"),
)  # fmt: skip
_CLUBS = (
    ("n", r"n|members?|size|(number|no\.?|#)( of)? (members|regions|cities|countries|provinces|units|states)|"
          r"regions|cities|countries|provinces|states|\u6210\u5458\u6570|\u6570\u91cf"),
    ("b", r"b|(b|beta|\u03b2)[\s-]?hat|\u03b2|beta|coef\w*\.?|\u03b3|gamma|(log[\s(-]*t\)?)[\s-]*(coef\w*)?|"
          r"estimates?|\u7cfb\u6570|b\u0302"),
    ("std_error", r"std\.?\s*err(or)?\.?|s\.?e\.?|standard errors?"),
    ("t", r"t|t[\s_-]*(stat\w*\.?|value|ratio)|t_?b|t-?stat|t\u503c|t \u503c"),
    ("p", r"p([\s_-]*values?)?|prob\.?"),
    ("speed", r"speed.*|b ?/ ?2|\u03b1|alpha|(convergence )?(speed|rate)|\u6536\u655b\u901f\u5ea6"),
)  # fmt: skip
_DISPERSION = (
    ("std", r"\u03c3|sigma|std\.?(\s*\.?\s*(dev\w*\.?|d\.?))?|s\.?\s?d\.?|standard dev\w*|\u6807\u51c6\u5dee"),
    ("variance", r"var(iance)?\.?|\u03c3\^?2|\u03c3\u00b2|\u65b9\u5dee"),
    ("cv", r"c\.?v\.?|coef\w*\.? of var\w*|\u53d8\u5f02\u7cfb\u6570"),
    ("F", r"f([\s_-]*(test|stat\w*\.?|values?|ratio))?|f ?\u503c"),
    ("p", r"p([\s_-]*values?)?|prob\.?|sig\.?|p ?\u503c"),
)  # fmt: skip
HEADS = {
    "clubs": tuple((n, re.compile(rf"^(?:{p})$", re.I)) for n, p in _CLUBS),
    "dispersion": tuple((n, re.compile(rf"^(?:{p})$", re.I)) for n, p in _DISPERSION),
    "descriptives": tuple((n, re.compile(rf"^(?:{p})$", re.I)) for n, p in _DESCRIPTIVES),
    "autocorrelation": tuple((n, re.compile(rf"^(?:{p})$", re.I)) for n, p in _AUTOCORRELATION),
    "tests": tuple((n, re.compile(rf"^(?:{p})$", re.I)) for n, p in _TESTS),
}
_WEIGHTLESS = re.compile(r"[\s:]+$")


def tidy(label: str) -> str:
    """Return a label without what stands around it: colons, math, superscripts of squares."""
    held = label.replace("^{2}", "2").replace("^2", "2").replace("_{", "_").replace("}", "").replace("{", "")
    return _WEIGHTLESS.sub("", " ".join(held.split())).strip(" .*|")


def statistic_of(label: str) -> str | None:
    """Return which statistic a row holds; "within_r2" stands for measures of fit that no identity binds.

    Examples
    --------
    >>> statistic_of("Observations"), statistic_of("R^2"), statistic_of("Adj. R-squared"), statistic_of("trade")
    ('n', 'r2', 'adj_r2', None)
    """
    held = tidy(label)
    return next((name for name, pattern in _COMPILED if pattern.match(held)), None)


def role_of(label: str) -> str | None:
    """Return which part a coefficient plays."""
    held = tidy(label)
    return next((role for role, pattern in _ROLES if pattern.match(held)), None)


def part_of(label: str) -> str | None:
    """Return what a column of one model holds: estimate, se, t, z, p, low, high."""
    held = tidy(label)
    return next((name for name, pattern in _PART if pattern.match(held)), None)


def head_of(kind: str, label: str) -> str | None:
    """Return which quantity of a kind of list a column holds."""
    held = tidy(label)
    return next((name for name, pattern in HEADS[kind] if pattern.match(held)), None)
