"""How the stand-in is set up: measured values of the real operator are the defaults."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Parameters of a scenario; the defaults are what Seldon Core 1.17.1 was seen to do.

    Attributes:
        image: Holds the model server, the storage initializer and the engine's stand-in (see the Dockerfile).
        probe_delay: Initial delay of the readiness probes in seconds; no roll can finish sooner.
        probe_period: Period of the readiness probes in seconds.
        pre_stop: Seconds that the model container sleeps before it is stopped; 0 leaves the hook out.
        reaction: Seconds between a change and the look at it: the status says Available for as long after a patch.
        stale_look: Look once more at a Deployment just updated, before its controller has: the false Available that
            the real operator shows in about one roll of seven becomes certain.
    """

    image: str = "modelmonitor-e2e-seldon:dev"
    probe_delay: int = 20
    probe_period: int = 5
    pre_stop: int = 10
    reaction: float = 0.06
    stale_look: bool = False
