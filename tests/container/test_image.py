"""What is in the image, and what is not."""

import io
import os
import tarfile

import pytest

SIZE = 30 << 20
PROGRAMS = {"usr/sbin/syncerd", "usr/bin/syncerctl", "usr/libexec/syncerd/syncer-worker"}
DATA = {"etc/nsswitch.conf", "etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"}
# What an engine puts into every container that it makes.
ENGINES = {"etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", "run/.containerenv", ".dockerenv", "dev/console"}


@pytest.fixture(scope="module")
def files(engine, image):
    """Path -> tarinfo, of a container that was made and never ran."""
    container = engine("create", image)
    with tarfile.open(fileobj=io.BytesIO(engine("export", container, binary=True))) as archive:
        found = {os.path.normpath(member.name): (member, archive.extractfile(member).read(4) if member.isfile() else b"") for member in archive}
    engine("rm", container)
    return found


def test_three_programs_and_what_they_load(files):
    """No shell, no package manager, no library that is not asked for by one of the three."""
    plain = {path for path, (member, _) in files.items() if member.isfile()} - ENGINES
    assert PROGRAMS | DATA <= plain
    terminals = {path for path in plain if path.startswith("usr/lib/terminfo/")}
    assert "usr/lib/terminfo/x/xterm-256color" in terminals
    libraries = plain - PROGRAMS - DATA - terminals
    strange = [path for path in libraries if not (".so" in os.path.basename(path) and path.startswith(("usr/lib", "lib")))]
    assert not strange, strange
    elf = {path for path, (_, head) in files.items() if head == b"\x7fELF"}
    assert elf == PROGRAMS | libraries, elf ^ (PROGRAMS | libraries)
    print(f"{len(libraries)} libraries, {sum(files[path][0].size for path in plain)} bytes in {len(plain)} files")


def test_nothing_gives_rights(files):
    """No setuid or setgid file; only /tmp can be written to by everybody; what is owned by the user is for its state and sockets."""
    for path, (member, _) in files.items():
        if path in ENGINES or member.issym() or path.split("/")[0] in ("dev", "proc", "sys"):
            continue
        assert not member.mode & 0o6000, path
        assert path == "tmp" or not member.mode & 0o002, path
        assert (member.uid, member.gid) == ((65532, 65532) if path in ("run/syncerd", "var/lib/syncerd") else (0, 0)), path


def test_how_it_is_started(engine, image):
    assert engine("inspect", "--format", "{{.Config.User}} {{.Config.Entrypoint}} {{.Config.Cmd}}", image) == \
        "65532:65532 [/usr/sbin/syncerd] [--config /etc/syncerd/syncerd.yaml]"
    assert engine("run", "--rm", image, "--version").startswith("syncerd ")
    for shell in ("/bin/sh", "sh", "/usr/bin/apt-get"):
        done = engine("run", "--rm", "--entrypoint", shell, image, check=False)
        assert done.returncode == 127 and "no such file" in done.stderr.lower() + "no such file" * ("not found" in done.stderr), done.stderr


def test_its_size(engine, image):
    size = int(engine("inspect", "--format", "{{.Size}}", image))
    print(f"image: {size} bytes")
    assert size < SIZE
