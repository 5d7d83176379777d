"""From embedded query and gallery to results: the pipeline that test and evaluation share."""
