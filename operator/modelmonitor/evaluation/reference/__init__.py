"""The reference: what the data were like when all was well, read once and kept as a profile.

watched  which columns are looked at, and their values in a batch of rows
sample   the first pass: a sample, from which the cells follow
build    the second pass: counts at these cells
profile  what is known of the reference
codec    a profile as bytes
store    profiles beside the reports, so that the reference is read once and not for each window
"""
