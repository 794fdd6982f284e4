"""The monitor's own decisions over the windows of the past, without a cluster.

arrivals     what had arrived at a moment, and at which moment the next window closes
world        what surrounds a monitor: its serving object, its Jobs, its status, around `decide`
measuring    evaluation Jobs: `evaluate` on the rows that had arrived
trainers     training Jobs: a command with the environment of the contract
story        what happened, window by window
run          the clock: from one moment at which something can happen to the next
"""
