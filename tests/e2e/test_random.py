"""A random life of a site: operations on both sides of three workspaces, compared with a model at every quiet point.

SYNCERD_RANDOM_SEED and SYNCERD_RANDOM_OPS choose another life; tests/randomized/README.md explains it.
"""

import os

from randomized.run import Run

SEED = os.environ.get("SYNCERD_RANDOM_SEED", "1")
OPERATIONS = int(os.environ.get("SYNCERD_RANDOM_OPS", "500"))


def test_a_random_life_of_a_site(site, launch, scratch):
    with open(os.path.join(scratch("random"), "operations.log"), "w") as log:
        run = Run(site, launch, SEED, log)
        run.go(OPERATIONS)
    print(run.summary())
