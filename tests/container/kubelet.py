"""The part of a kubelet that there is to run the pod of the shipped Deployment: podman gets what the pod's spec says, and nothing else.

Whatever a spec holds that is not known here is an error, so that the manifest cannot say more than is tested."""

import base64
import os
import subprocess
import urllib.error
import urllib.request

from box import Box
from mounted import Mounted
from testbed import wait_for

# What the servers add to a pod and what is about other things than its container's life.
POD = {"containers", "volumes", "securityContext", "serviceAccountName", "terminationGracePeriodSeconds"}
POD_ELSEWHERE = {"serviceAccount", "restartPolicy", "dnsPolicy", "schedulerName", "tolerations", "preemptionPolicy", "priority", "enableServiceLinks"}
CONTAINER = {"name", "image", "securityContext", "resources", "ports", "livenessProbe", "readinessProbe", "volumeMounts"}
CONTAINER_ELSEWHERE = {"imagePullPolicy", "terminationMessagePath", "terminationMessagePolicy"}
PODS = "v1/pods"


def only(thing, known, what):
    strange = set(thing) - known
    assert not strange, f"{what} has {strange}, which this kubelet does not know"


def size_of(text):
    return int(text[:-2]) << {"Mi": 20, "Gi": 30}[text[-2:]]


class PodBox(Box):
    """A pod that the cluster's own controllers made, run as one container. `claims` is the directory in which each claim is a directory."""

    def __init__(self, engine, world, pod, directory, claims):
        super().__init__(engine, pod["metadata"]["name"])
        self.world, self.pod, self.directory, self.claims = world, pod, directory, claims
        self.namespace, self.spec = pod["metadata"]["namespace"], pod["spec"]
        only(self.spec, POD | POD_ELSEWHERE, "the pod")
        assert len(self.spec["containers"]) == 1
        self.container = self.spec["containers"][0]
        only(self.container, CONTAINER | CONTAINER_ELSEWHERE, "the container")
        self.group = self.spec["securityContext"]["fsGroup"]
        self.volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        self.tokens, self.projected, self.token = {}, None, None

    # -- the spec, as arguments of podman

    def start(self):
        host, _, port = self.world.bed.kube.url.partition("//")[2].rpartition(":")
        options = [*self.rights(), *self.limits(), *self.mounts(), "--network", "host",  # the servers are on the node's loopback
                   "--env", f"KUBERNETES_SERVICE_HOST={host}", "--env", f"KUBERNETES_SERVICE_PORT={port}"]
        return self.run(options, self.container["image"])

    def rights(self):
        pod, own = self.spec["securityContext"], self.container["securityContext"]
        only(pod, {"runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "seccompProfile"}, "the pod's securityContext")
        only(own, {"allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"}, "the container's securityContext")
        assert pod["runAsNonRoot"] and pod["runAsUser"] != 0
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}  # as podman does
        options = ["--user", f"{pod['runAsUser']}:{pod['runAsGroup']}", "--group-add", str(self.group)]
        if not own["allowPrivilegeEscalation"]:
            options += ["--security-opt", "no-new-privileges"]
        if own["readOnlyRootFilesystem"]:
            options += ["--read-only", "--read-only-tmpfs=false"]  # a kubelet adds no memory on /run and /tmp
        return options + [word for name in own["capabilities"]["drop"] for word in ("--cap-drop", name.lower())]

    @property
    def memory(self):
        return size_of(self.container["resources"]["limits"]["memory"])

    def limits(self):
        resources = self.container["resources"]
        only(resources["limits"], {"memory"}, "limits")
        only(resources["requests"], {"memory", "cpu"}, "requests")
        return ["--memory", self.memory, "--cpu-shares", int(resources["requests"]["cpu"].removesuffix("m")) * 1024 // 1000]

    def mounts(self):
        options, made = [], {}
        for mount in self.container["volumeMounts"]:
            only(mount, {"name", "mountPath", "subPath", "readOnly"}, "a mount")
            name = mount["name"]
            made[name] = made.get(name) or self.volume(self.volumes[name])
            source = os.path.realpath(os.path.join(made[name], mount["subPath"])) if "subPath" in mount else made[name]
            options += ["--volume", f"{source}:{mount['mountPath']}:{'ro' if mount.get('readOnly') else 'rw'}"]
        assert set(made) == set(self.volumes)
        return options

    def volume(self, volume):
        kind = next(key for key in volume if key != "name")
        path = os.path.join(self.claims if kind == "persistentVolumeClaim" else self.directory, volume["name"])
        os.makedirs(path, exist_ok=True)
        getattr(self, f"fill_{kind}")(path, volume[kind])
        return path

    def fill_configMap(self, path, source):
        Mounted(path, source["defaultMode"], self.group).put(self.world.kube.get("v1/configmaps", source["name"], self.namespace)["data"])

    def fill_secret(self, path, source):
        data = self.world.kube.get("v1/secrets", source["secretName"], self.namespace)["data"]
        Mounted(path, source["defaultMode"], self.group).put({name: base64.b64decode(value) for name, value in data.items()})

    def fill_persistentVolumeClaim(self, path, source):
        assert self.world.kube.get("v1/persistentvolumeclaims", source["claimName"], self.namespace)
        os.chown(path, 0, self.group)
        os.chmod(path, 0o2775)

    def fill_emptyDir(self, path, source):
        only(source, {"medium", "sizeLimit"}, "emptyDir")
        assert source["medium"] == "Memory"
        self.engine.mount_tmpfs(path, size_of(source["sizeLimit"]))
        os.chown(path, 0, self.group)
        os.chmod(path, 0o2777)

    # -- the ServiceAccount

    def fill_projected(self, path, source):
        self.projected, self.sources = Mounted(path, 0o640, self.group), source["sources"]
        self.put_token()

    def put_token(self):
        """A new token of the pod's ServiceAccount from the kube-apiserver, bound to the pod; the file is replaced."""
        files = {}
        for source in self.sources:
            if "serviceAccountToken" in source:
                self.token = files[source["serviceAccountToken"]["path"]] = self.request_token(source["serviceAccountToken"]["expirationSeconds"])
            elif "configMap" in source:
                data = self.world.kube.get("v1/configmaps", source["configMap"]["name"], self.namespace)["data"]
                files.update({item["path"]: data[item["key"]] for item in source["configMap"]["items"]})
            else:
                assert [item["fieldRef"]["fieldPath"] for item in source["downwardAPI"]["items"]] == ["metadata.namespace"]
                files[source["downwardAPI"]["items"][0]["path"]] = self.namespace
        self.projected.put(files)
        return self.token

    def request_token(self, seconds):
        to = {"kind": "Pod", "apiVersion": "v1", "name": self.name, "uid": self.pod["metadata"]["uid"]}
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds, "boundObjectRef": to}}
        path = self.world.kube.path("v1/serviceaccounts", self.namespace, self.spec["serviceAccountName"], "token")
        return self.world.kube.request("POST", path, asked)["status"]["token"]

    # -- probes, and what the cluster is told

    def probe(self, name):
        """The status of the answer, or None without one."""
        get = self.container[name]["httpGet"]
        port = next(port["containerPort"] for port in self.container["ports"] if port["name"] == get["port"])
        try:
            with urllib.request.urlopen(f"{get['scheme'].lower()}://127.0.0.1:{port}{get['path']}", timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def wait_probes(self):
        for name in ("livenessProbe", "readinessProbe"):
            wait_for(lambda name=name: self.probe(name) == 200, 60, f"{name} to answer 200")

    def tell(self, ready):
        """The status of the pod, as far as the controllers look at it."""
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:00Z"}
        self.world.kube.set_status(PODS, self.name, {"phase": "Running", "conditions": [condition]}, self.namespace)

    def end(self):
        """As at the end of a pod: its grace, then its volumes that are not claims."""
        status = self.stop(self.spec["terminationGracePeriodSeconds"])
        self.remove()
        for path in [path for path in self.engine.tmpfs if path.startswith(f"{self.directory}/")]:
            subprocess.run(["umount", path], check=True)
            self.engine.tmpfs.remove(path)
        return status
