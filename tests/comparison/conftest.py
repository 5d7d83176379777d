from scored_runs import make_scored as make_scored
