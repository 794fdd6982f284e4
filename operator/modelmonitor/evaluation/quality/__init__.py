"""The quality of the data: what a window's rows are like, whatever the model makes of them.

checks  each check, and what it finds
judge   all of them, by the severities of the spec
"""
