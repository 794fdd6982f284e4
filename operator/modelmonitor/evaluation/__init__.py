"""One evaluation, from files to a verdict.

Data flows one way; each stage is a module:

    plan -> scan -> score -> accumulate -> metrics -> judge (and compare) -> publish

`evaluate.evaluate` is the whole chain, `python -m modelmonitor.evaluation` runs it in a Job, and the command line runs
it without a cluster.
"""
