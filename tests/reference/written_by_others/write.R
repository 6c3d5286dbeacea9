# Files of one small panel, written by R's own writers. Run in this folder: Rscript write.R
# R 4.2, foreign, haven, openxlsx, sf, spdep.
library(foreign); library(haven); library(openxlsx)
panel <- expand.grid(year = 2001:2004, land = c("NA", "DE", "Zürich", "None", "06001"), stringsAsFactors = FALSE)
set.seed(1)
panel$income <- round(exp(rnorm(20, 9, 1)), 2)
panel$share <- round(runif(20), 4)
panel$share[7] <- NA
panel$zone <- ifelse(panel$land %in% c("NA", "None"), "south", "north")
panel <- panel[c("land", "year", "income", "share", "zone")]
write.csv(panel, "r_csv.csv", row.names = FALSE, fileEncoding = "UTF-8")
write.csv2(panel, "r_csv2.csv", row.names = TRUE, fileEncoding = "latin1")
write.table(panel, "r_table.txt", fileEncoding = "UTF-8")
con <- gzfile("r_tsv.tsv.gz", "w", encoding = "UTF-8"); write.table(panel, con, sep = "\t", quote = FALSE, row.names = FALSE); close(con)
grouped <- panel
grouped$income <- formatC(panel$income, format = "f", digits = 2, big.mark = ".", decimal.mark = ",")
write.table(grouped, "r_grouped.csv", sep = ";", dec = ",", row.names = FALSE, fileEncoding = "UTF-8")
wide <- reshape(panel[c("land", "year", "income")], idvar = "land", timevar = "year", direction = "wide", sep = "_")
write.csv(wide, "r_wide.csv", row.names = FALSE, fileEncoding = "UTF-8")
coded <- panel
coded$zone <- factor(coded$zone, levels = c("south", "north"))
write.dta(coded, "r_foreign.dta", version = 10)
labelled <- panel
attr(labelled$income, "label") <- "Income per head"
labelled$zone <- labelled(ifelse(panel$zone == "south", 1, 2), c(south = 1, north = 2), label = "Part of the country")
write_dta(labelled, "r_haven.dta", version = 14)
write.xlsx(list(about = data.frame(note = "nothing"), data = panel), "r_openxlsx.xlsx")
saveRDS(panel, "r_frame.rds", version = 2)
typed <- panel
typed$land <- factor(typed$land)
typed$zone <- factor(typed$zone, levels = c("south", "north"))
typed$day <- as.Date("2001-12-31") + 365 * (typed$year - 2001)
typed$seen <- as.POSIXct("2020-01-01", tz = "UTC") + 3600 * seq_len(20)
typed$count <- c(1:19, NA)
typed$open <- rep(c(TRUE, FALSE, NA, TRUE), 5)
typed$name <- ifelse(typed$land == "NA", NA, as.character(typed$land))
class(typed) <- c("tbl_df", "tbl", "data.frame")
saveRDS(typed, "r_tibble_xz.rds", compress = "xz")
notes <- "not the data"
save(panel, notes, file = "r_saved.RData")
