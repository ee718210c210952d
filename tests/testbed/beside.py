"""What goes on beside a test."""

import threading


class Busy:
    """Something that goes on beside the test, until it has done its share or the test is over.

    `work` gets the event that says so, and waits by it between its steps; what it raises is raised in the test at the end.
    """

    def __init__(self, work):
        self.over = threading.Event()
        self.error = None

        def run():
            try:
                work(self.over)
            except Exception as error:  # told to the test, which waits for the end
                self.error = error

        self.thread = threading.Thread(target=run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        if self.error:
            raise self.error
