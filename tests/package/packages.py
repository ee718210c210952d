"""The packages, packed from the build under test without compiling anything."""
import pathlib
import subprocess

from syncerd import BUILD


def pack(directory, *options):
    config = pathlib.Path(BUILD, "CPackConfig.cmake")
    done = subprocess.run(["cpack", "--config", config, "-B", directory, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"cpack: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    deb, = directory.glob("syncerd_*.deb")
    return deb


def field(deb, name):
    return subprocess.run(["dpkg-deb", "--field", deb, name], check=True, capture_output=True, text=True).stdout.strip()


def build(directory):
    """Two versions of the package; beside the first is that of its debug symbols."""
    first = pack(directory / "first")
    later = field(first, "Version").rpartition("-")[0] + "+later"
    return first, pack(directory / "second", "-D", f"CPACK_DEBIAN_PACKAGE_VERSION={later}")


def symbols(deb):
    found, = deb.parent.glob("syncerd-dbgsym_*.ddeb")
    return found
