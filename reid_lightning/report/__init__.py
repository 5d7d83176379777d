"""The report: one page of scores, settings and pictures of several runs."""
