"""ModelMonitor: a Kubernetes operator that keeps machine-learning models honest.

Two streams run through the package, each one way:

    event -> key -> gather -> Observation -> decide -> Decision -> execute -> outcomes -> status     (controller/)
    files -> plan -> scan -> score -> accumulate -> metrics -> judge -> result -> publish            (evaluation/)

They meet in two documents of `api/`: the input that the operator hands to a Job, and the result that it hands back.
"""
