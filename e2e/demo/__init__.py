"""`make demo`: one ModelMonitor lives through the whole loop on real flights, on a real Kubernetes.

`story` is told on what `e2e.testbed` brings up, `flights/` has the data and the model, `timeline` prints
what the monitor decided.
"""
