"""A Debian 12 of this machine's apt mirror as a tar file, kept beside the servers' programs for some days."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

KEPT_DAYS = 5


class NoDebian(Exception):
    """It cannot be made here; str() says why."""


def apt_files():
    """This machine's sources and the settings that it reaches them with."""
    sources = [path for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list") if os.path.exists(path)][:1]
    return sources, [f"--aptopt={path}" for path in sorted(pathlib.Path("/etc/apt/apt.conf.d").glob("99*"))]


def make(options, output):
    """Run mmdebstrap with these options; the sources are those of this machine."""
    sources, settings = apt_files()
    with tempfile.TemporaryDirectory(prefix="syncerd-debian-") as directory:
        done = subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *options, *settings, "bookworm", str(output), *sources],
                              env={**os.environ, "TMPDIR": directory}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoDebian(f"mmdebstrap: status {done.returncode}: {' '.join(done.stderr.split())[-400:]}")


def debian(stem, options):
    """The path of a tar file STEM-*.tar with such a Debian, made anew when there is none or when it is old. NoDebian where that cannot be done."""
    if not shutil.which("mmdebstrap"):
        raise NoDebian("mmdebstrap not found")
    if os.geteuid() != 0:
        raise NoDebian("not root")
    cache = pathlib.Path(os.environ.get("SYNCERD_TESTBED") or os.path.expanduser("~/.cache/syncerd-testbed"))
    key = hashlib.sha256("\n".join(options).encode()).hexdigest()[:12]
    kept = cache / f"{stem}-{key}.tar"
    if kept.exists() and time.time() - kept.stat().st_mtime < KEPT_DAYS * 86400:
        return kept
    partial = cache / f"{stem}-{key}.{os.getpid()}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        make([*options, "--format=tar"], partial)
        for old in cache.glob(f"{stem}-*.tar"):
            old.unlink(missing_ok=True)  # another run may have been faster
        partial.rename(kept)
    except OSError as error:
        raise NoDebian(f"{kept}: {error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return kept
