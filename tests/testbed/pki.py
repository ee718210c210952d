"""Certificates for servers that have to know each other: certificate authorities and what they sign, made with openssl."""

import os
import subprocess

DAYS = "30"
CONFIG = "[req]\ndistinguished_name = name\nprompt = no\n[name]\n"


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.strip()}")


class Authority:
    """A certificate authority in a directory of its own; `cert` is the file others trust."""

    def __init__(self, directory, name):
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self.directory = directory
        self.config = os.path.join(directory, "openssl.cnf")
        with open(self.config, "w") as file:
            file.write(CONFIG)
        self.cert, self.key = self.make("ca", f"/CN={name}", ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])

    def make(self, stem, subject, extensions, signer=()):
        cert, key = (os.path.join(self.directory, f"{stem}.{ending}") for ending in ("crt", "key"))
        arguments = ["req", "-x509", "-config", self.config, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
        for extension in extensions:
            arguments += ["-addext", extension]
        openssl(*arguments, "-days", DAYS, "-subj", subject, *signer, "-out", cert, "-keyout", key)
        return cert, key

    def sign(self, stem, subject, *extensions):
        basic = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
        return self.make(stem, subject, [*basic, *extensions], ["-CA", self.cert, "-CAkey", self.key])

    def server(self, stem):
        """(certificate, key) for a server on loopback."""
        return self.sign(stem, f"/CN={stem}", "extendedKeyUsage=serverAuth", "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def client(self, user, *groups):
        """(certificate, key) of a user; the file is named like the user."""
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        return self.sign(user, subject, "extendedKeyUsage=clientAuth")
