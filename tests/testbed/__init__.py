"""Real servers for tests: kcp and one Kubernetes control plane on loopback ports.

    with Testbed("/tmp/x") as bed:
        bed.kube.admin.list("v1/namespaces")
        bed.kcp.workspace("root").list("tenancy.kcp.io/v1alpha1/workspaces")

`python3 -m testbed up` (in tests/) does the same for a person. README.md tells more.
"""

from .audit import AuditLog
from .binaries import MissingBinary, find_binary
from .cluster import ApiError, Cluster
from .servers import Testbed
from .waiting import Timeout, wait_for

__all__ = ["ApiError", "AuditLog", "Cluster", "MissingBinary", "Testbed", "Timeout", "find_binary", "wait_for"]
