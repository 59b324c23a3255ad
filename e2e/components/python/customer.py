"""A command that uses example:shop/tills."""

import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.catalogue import Problem_NothingLeft, Problem_Unknown
from wit_world.imports.tills import Till


class Run(exports.Run):
    def run(self):
        till = Till("Corner shop")
        for count, name in enumerate(sys.argv[1:], 1):
            try:
                print(f"{name}: {till.add(name, count)}")
            except Err as error:
                match error.value:
                    case Problem_Unknown(value):
                        print(f"no {value}", file=sys.stderr)
                    case Problem_NothingLeft():
                        print(f"no more {name}", file=sys.stderr)
        for line in till.receipt():
            print(f"| {line}")
        print(f"{Till.close(till)} pence")
