"""A volume of a pod as kubelet keeps it."""

import os


class Mounted:
    """Files are links into a directory that is replaced as a whole, so that a reader sees all of a change or nothing of it."""

    def __init__(self, directory, mode=0o644, group=None):
        self.directory, self.mode, self.group, self.count = directory, mode, group, 0

    def put(self, files):
        """files: name -> text or bytes."""
        self.count += 1
        fresh = os.path.join(self.directory, f"..{self.count}")
        os.makedirs(fresh)
        for name, text in files.items():
            path = os.path.join(fresh, name)
            with open(path, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            os.chmod(path, self.mode)
            if self.group is not None:
                os.chown(path, -1, self.group)
            if not os.path.lexists(os.path.join(self.directory, name)):
                os.symlink(os.path.join("..data", name), os.path.join(self.directory, name))
        os.symlink(f"..{self.count}", os.path.join(self.directory, "..new"))
        os.rename(os.path.join(self.directory, "..new"), os.path.join(self.directory, "..data"))
