"""A command: arguments, variables, files, standard input and the library that comes with Python."""

import hashlib
import json
import os
import sys
import time

from wit_world import exports


class Run(exports.Run):
    def run(self):
        print(json.dumps(sorted(arg.upper() for arg in sys.argv[1:])))
        print(os.environ["GREETING"])
        with open("/data/note", encoding="utf-8") as note:
            print(note.read().strip())
        os.makedirs("/data/made/deep", exist_ok=True)
        for number in range(3):
            with open(f"/data/made/deep/{number}", "w", encoding="utf-8") as file:
                file.write("ü" * number)
        os.rename("/data/made/deep/2", "/data/made/two")
        print(sorted(os.listdir("/data/made")), os.stat("/data/made/two").st_size)
        print(sys.stdin.read()[::-1])
        print(hashlib.sha256(b"wasm" * 1000).hexdigest()[:16])
        begin = time.monotonic()
        time.sleep(0.02)
        print(time.monotonic() - begin >= 0.02, len(os.urandom(16)))
        try:
            open("/elsewhere", encoding="utf-8").close()
        except OSError as error:
            print(type(error).__name__, file=sys.stderr)
