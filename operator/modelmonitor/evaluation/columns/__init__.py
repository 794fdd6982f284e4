"""Columns: what is counted of each column of the data, so that two sets of rows can be compared without their rows.

A reference fixes for each column the cells at which it is counted; whatever is counted at the same cells adds up and
can be compared: batches, files, days, the reference and a window.

    frequent  the most frequent values of a stream, in bounded memory
    reading   from Arrow columns to numbers and texts
    layout    the cells of a column
    counts    how many rows fell into each
    counter   counts all columns of a batch
"""
