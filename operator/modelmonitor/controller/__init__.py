"""The operator: events become keys, keys become decisions, decisions become calls.

    handlers -> cache, queue -> reconcile: gather -> decide (domain/) -> execute -> status

`app.py` wires everything; nothing here keeps state but the cache.
"""
