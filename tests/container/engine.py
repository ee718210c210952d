"""podman with a storage of its own, the Debian that the image is built in, and the image.

What this kind of machine needs (no overlay, no systemd's cgroups, setrlimit refused) is in the two files that CONTAINERS_CONF and
CONTAINERS_STORAGE_CONF name, so that every command is what a person would type. Nothing outside of the directory is touched."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

from syncerd import ROOT
from testbed.debian import debian
from testbed.waiting import PATIENCE

PROGRAMS = ("podman", "runc", "mmdebstrap", "gcc")
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
lock_type = "file"
events_logger = "file"
static_dir = "{0}/storage/libpod"
tmp_dir = "{0}/tmp"
volume_path = "{0}/volumes"
"""
STORAGE_CONF = """
[storage]
driver = "vfs"
graphroot = "{0}/storage"
runroot = "{0}/run"
"""
PROBE = "#include <unistd.h>\nint main(void) { return write(1, \"hello\", 5) != 5; }\n"


class Unable(Exception):
    """This machine cannot run containers; str() says why."""


def readme_command(beginning):
    """The words of the command in packaging/README.md that begins so."""
    text = pathlib.Path(ROOT, "packaging", "README.md").read_text().replace("\\\n", " ")
    found = [line for line in text.splitlines() if line.startswith(beginning)]
    assert len(found) == 1, f"packaging/README.md has {len(found)} lines that begin with {beginning!r}"
    return shlex.split(found[0], comments=True)


class Engine:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.tmpfs = []
        for name, text in (("containers.conf", CONTAINERS_CONF), ("storage.conf", STORAGE_CONF)):
            (self.directory / name).write_text(text.format(self.directory))
        self.places = {"CONTAINERS_CONF": str(self.directory / "containers.conf"), "CONTAINERS_STORAGE_CONF": str(self.directory / "storage.conf"),
                       "BUILDAH_ISOLATION": "chroot", "BUILDAH_LAYERS": "false", "TMPDIR": str(self.directory)}
        self.env = {**os.environ, **self.places}

    def __call__(self, *words, check=True, timeout=120, binary=False):
        """podman WORDS; its standard output, or with check=False what subprocess has."""
        done = subprocess.run(["podman", *map(str, words)], env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=not binary, cwd=ROOT,
                              timeout=timeout * PATIENCE, check=False)
        if not check:
            return done
        assert done.returncode == 0, f"podman {shlex.join(map(str, words))}: status {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout if binary else done.stdout.strip()

    def attempt(self, *words):
        """podman WORDS, where nobody can do anything about a failure; what it wrote."""
        try:
            done = self(*words, check=False)
            return done.stdout + done.stderr
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)

    def probe(self):
        """Unable, unless a container of one static program runs here."""
        absent = [name for name in PROGRAMS if not shutil.which(name)]
        if absent:
            raise Unable(f"{', '.join(absent)} not found (packaging/install-deps container)")
        if os.geteuid() != 0:
            raise Unable("not root")
        folder = self.directory / "probe"
        folder.mkdir()
        (folder / "probe.c").write_text(PROBE)
        (folder / "Containerfile").write_text("FROM scratch\nCOPY probe /probe\nUSER 65532:65532\nENTRYPOINT [\"/probe\"]\n")
        subprocess.run(["gcc", "-static", "-o", folder / "probe", folder / "probe.c"], check=True)
        confined = ["--network", "host", "--memory", "64m", "--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges"]
        for words in (["build", "-q", "-t", "probe", folder], ["run", "--rm", *confined, "probe"]):
            try:
                done = self(*words, check=False)
            except subprocess.TimeoutExpired:
                raise Unable(f"podman {words[0]} does not end") from None
            if done.returncode != 0 or words[0] == "run" and done.stdout != "hello":
                raise Unable(f"podman {words[0]}: status {done.returncode}: {' '.join(done.stderr.split())[-400:]}")

    def base(self):
        """The Debian 12 of the build stage, imported as localhost/debian12; NoDebian where no mirror gives one. It has what `install-deps build`
        wants, so that the build itself needs no mirror."""
        script = pathlib.Path(ROOT, "packaging", "install-deps").read_text()
        packages = re.search(r"\[build\]='([^']+)'", script).group(1).split()
        self("import", "-q", debian("container-base", [f"--include={','.join(['ca-certificates', *packages])}"]), "debian12", timeout=200)

    def build(self):
        """The image, by the command of the README."""
        self(*readme_command("podman build")[1:], timeout=500)

    def mount_tmpfs(self, path, size):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},nosuid,nodev", "tmpfs", path], check=True)
        self.tmpfs.append(path)

    def close(self):
        for words in (["rm", "--all", "--force", "--time", "0"], ["volume", "rm", "--all", "--force"]):
            self.attempt(*words)
        for path in self.tmpfs:
            subprocess.run(["umount", path], check=False)
        with open("/proc/self/mounts") as file:
            left = [line.split()[1] for line in file if line.split()[1].startswith(f"{self.directory}/")]
        for path in reversed(left):
            subprocess.run(["umount", "--lazy", path], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
