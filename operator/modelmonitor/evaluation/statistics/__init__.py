"""Statistics: numbers that are kept per slot and can be added up.

A slot is a block of time of a group of rows (all of them, or those of a segment). Batches, files and machines add up to
the same statistics in any order and any split, and their size depends on the number of slots and not of rows: a window
of a billion rows is evaluated in the memory of a million.

    statistic   what all of them can do
    counts      how many rows fell into each cell
    sums        sums of what each row says, and of the products
    kinds       which of them are kept of labels and predictions
    jackknife   from statistics by block to a variance
    student     Student's t
"""
