## Regenerate reference.json: Rscript script.R
suppressMessages({library(REAT); library(jsonlite)})
data(Goettingen); data(Freiburg); data(G.regions.emp)
g17 <- Goettingen$Goettingen2017; b17 <- Goettingen$BRD2017
emp <- G.regions.emp
con <- emp[emp$industry %in% c("Baugewerbe (F)", "Insgesamt") & emp$year == "2008" & emp$region != "Insgesamt", ]
eij <- con$emp[con$industry == "Baugewerbe (F)"]; ej <- con$emp[con$industry == "Insgesamt"]
j <- c("Wien", "Wien", "Wien", "Wien", "Wien", "Linz", "Linz", "Linz", "Linz", "Graz")
e <- c(200, 650, 12000, 100, 50, 16000, 13000, 1500, 1500, 25000); E <- c(500000, 400000, 100000)
r <- ellison.a(e, E, j, print.results = FALSE)
ref <- list(
  meta = list(versions = list(R = paste(R.version$major, R.version$minor, sep = "."), REAT = as.character(packageVersion("REAT")))),
  locq_single = locq(1714, 79006, 879213, 15593224),
  locq_goettingen2017 = list(e_ij = g17[2:16], e_j = g17[1], e_i = b17[2:16], e = b17[1],
    lq = as.numeric(locq(g17[2:16], g17[1], b17[2:16], b17[1])),
    lq_additive = as.numeric(locq(g17[2:16], g17[1], b17[2:16], b17[1], LQ.method = "a"))),
  krugman_spec_goettingen2017 = krugman.spec(g17[2:16], b17[2:16]),
  krugman_spec_example = list(e_ij = c(20, 10, 70, 0, 0), e_il = c(0, 0, 0, 60, 40),
    value = krugman.spec(c(20, 10, 70, 0, 0), c(0, 0, 0, 60, 40))),
  krugman_conc_example = list(e_ij = c(4388, 37489, 129423, 60941), e_uj = c(100, 200, 300, 50),
    value = krugman.conc(c(4388, 37489, 129423, 60941), c(100, 200, 300, 50))),
  krugman_conc_construction2008 = list(regions = as.character(con$region[con$industry == "Insgesamt"]), e_ij = eij, e_j = ej,
    value = krugman.conc(eij, ej)),
  gini_spec_goettingen2017 = gini.spec(g17[2:16], b17[2:16]),
  gini_spec_freiburg2014 = list(e_ij = Freiburg$e_Freiburg2014, e_i = Freiburg$e_Germany2014,
    value = gini.spec(Freiburg$e_Freiburg2014, Freiburg$e_Germany2014)),
  gini_spec_example = list(e_ij = c(700, 600, 500, 10000, 40000), e_i = c(30000, 15000, 10000, 60000, 50000),
    value = gini.spec(c(700, 600, 500, 10000, 40000), c(30000, 15000, 10000, 60000, 50000))),
  gini_conc_example = list(e_ij = c(500, 500, 1000, 7000, 1000), e_j = c(20000, 15000, 20000, 40000, 5000),
    value = gini.conc(c(500, 500, 1000, 7000, 1000), c(20000, 15000, 20000, 40000, 5000))),
  gini_conc_construction2008 = gini.conc(eij, ej),
  ellison_a_example = list(firm_region = j, e_ik = e, e_j = E, result = as.list(setNames(as.numeric(r), colnames(r)))))
write(toJSON(ref, digits = 17, auto_unbox = TRUE, pretty = TRUE), "reference.json")
