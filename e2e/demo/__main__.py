"""`make demo`: bring everything up, tell the story, say what to look at."""

import sys
import time

from e2e import cluster, testbed
from e2e.cluster import ClusterError, Progress
from e2e.demo import story
from e2e.demo.timeline import Timeline


def main() -> int:
    """Run the demo; 1 when a chapter did not end as it should."""
    progress = Progress()
    begun = time.monotonic()
    try:
        timeline = story.tell(testbed.install(progress), progress)
    except ClusterError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    _farewell(progress, timeline, time.monotonic() - begun)
    return 0


def _farewell(progress: Progress, timeline: Timeline, seconds: float) -> None:
    progress.say(f"done in {seconds:.0f} s. What happened:")
    print()
    print("\n".join(timeline.lines))
    config = cluster.kubeconfig()
    print(f"""
What to look at (export KUBECONFIG={config}):
  kubectl get modelmonitors -n {story.NAMESPACE} -o wide
  kubectl get modelevaluations -n {story.NAMESPACE}
  kubectl describe modelmonitor {story.MONITOR} -n {story.NAMESPACE}
  kubectl get events -n {story.NAMESPACE} --field-selector involvedObject.kind=ModelMonitor
  kubectl get seldondeployment flights -n {story.NAMESPACE} -o yaml
  kubectl get --raw /api/v1/namespaces/{testbed.SYSTEM}/services/modelmonitor:8080/proxy/metrics | grep ^modelmonitor_
The cluster stays up; `make demo-down` removes it.""")


if __name__ == "__main__":
    sys.exit(main())
