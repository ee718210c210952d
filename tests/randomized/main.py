#!/usr/bin/python3
"""Random lives of a site on the real servers.

    tests/randomized/main.py --seed 7 --ops 10000

starts the servers and runs until the first difference. README.md explains the rest.
"""

import argparse
import os
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path[:1] = [TESTS, os.path.join(TESTS, "e2e")]

import syncerd as product  # noqa: E402
from edge import Site  # noqa: E402
from objects import GADGETS, WIDGETS  # noqa: E402
from randomized.run import Run  # noqa: E402
from testbed import Testbed  # noqa: E402
from world import World  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", nargs="+", default=["1"], help="any words or numbers: a run for each, on the same servers")
    parser.add_argument("--ops", type=int, default=10000)
    parser.add_argument("--directory", help="keep all data and logs there")
    args = parser.parse_args()
    directory = args.directory or tempfile.mkdtemp(prefix="syncerd-random-")
    with Testbed(directory, keep=bool(args.directory)) as bed:
        world = World(bed)
        world.install_target_type()
        world.install_crds(WIDGETS, GADGETS)
        for number, seed in enumerate(args.seed, 1):
            began, started = time.monotonic(), []
            home = os.path.join(directory, f"life-{number}")

            def launch(config, start=True):
                started.append(product.Syncerd(os.path.join(home, "syncerd"), config))
                return started[-1].start() if start else started[-1]

            os.makedirs(home)
            try:
                with open(os.path.join(home, "operations.log"), "w") as log:
                    run = Run(Site(world, home), launch, seed, log)
                    run.go(args.ops)
            finally:
                for instance in started:
                    instance.end()
            assert not started[0].sanitizer_report(), started[0].sanitizer_report()
            print(f"{run.summary()}; {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
