# Girls of the Achievement Awards trial with columns of what was received that are SYNTHETIC, made by this rule and
# by no one's records: u_i is the fractional part of i times the golden ratio, i the row of the trial's file.
#   received  1 where u < 0.1 + 0.55 treated + 0.002 lagscore (a pupil took part, whatever her school was allocated)
#   weakly    1 where u < 0.3 + 0.1 treated + 0.002 lagscore
#   hours     of a school: 12 + 10 v where treated, 4 v elsewhere, v the same fraction of the school's number
# Rscript tests/reference/instrumental_variables/achievement_awards_receipt/make_data.R
folder <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
d <- read.csv(file.path(folder, "../../../../analysis_plans/data/achievement_awards/achievement_awards_girls2001.csv"))
fraction <- function(i) (i * (1 + sqrt(5)) / 2) %% 1
u <- fraction(seq_len(nrow(d))); v <- fraction(as.integer(factor(d$school_id, levels = unique(d$school_id))))
d <- d[c("school_id", "pair", "treated", "school_type", "Bagrut_status", "lagscore")]
d$received <- as.integer(u < 0.1 + 0.55 * d$treated + 0.002 * d$lagscore)
d$weakly <- as.integer(u < 0.3 + 0.1 * d$treated + 0.002 * d$lagscore)
d$hours <- round(ifelse(d$treated == 1, 12 + 10 * v, 4 * v), 2)
d$data_origin <- "synthetic"
write.csv(d, file.path(folder, "awards_received.csv"), row.names = FALSE, quote = FALSE)
