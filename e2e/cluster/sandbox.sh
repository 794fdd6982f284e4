# Runs as process 1 of the node's namespaces (sandbox.py) and turns into a reaper that only waits.
# What is mounted here is private to the namespaces: it vanishes with their last process.
set -eu
state=$1 images=$2 node=$3

mount --make-rshared /                   # pods may ask for mounts that propagate
mount -t tmpfs tmpfs /run                # containerd, runc, CNI and network namespaces use the usual paths in here
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/log
mkdir -p /var/lib/kubelet /var/lib/containerd /var/log/pods
mount --bind "$state/kubelet" /var/lib/kubelet
mount --bind "$images" /var/lib/containerd
mount --bind "$state/pod-logs" /var/log/pods

# The kubelet writes these, and they belong to the whole machine: give it copies to write.
mkdir /run/sysctl
for name in vm/overcommit_memory kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
    [ -e "/proc/sys/$name" ] || continue
    copy=/run/sysctl/$(echo "$name" | tr / .)
    cat "/proc/sys/$name" > "$copy"
    mount --bind "$copy" "/proc/sys/$name"
done

hostname "$node"
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward   # this network namespace's own
touch "$state/sandbox-ready"
exec catatonit -P
