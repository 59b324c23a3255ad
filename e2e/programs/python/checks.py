"""What CPython asks of a WASI host. `unpack` writes the standard library of its archive to /library; `check` runs from
there, where it cannot be written, the examples in the library's own documentation among other things."""
import doctest
import importlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
import zipfile
import zlib

# Those whose examples hold in this build of CPython.
documented = """bisect calendar collections copy csv datetime decimal difflib enum fnmatch fractions functools glob
hashlib heapq html.parser itertools json operator pathlib pickle pickletools random re shlex shutil statistics string
struct zlib""".split()


def unpack():
    with zipfile.ZipFile("/usr/local/lib/python312.zip") as archive:
        archive.extractall("/library/lib/python3.12")
        print(len(archive.namelist()), "files")


def check():
    assert sys.prefix == "/library", sys.prefix
    files = sum(len(names) for _, _, names in os.walk("/library"))
    attempted = 0
    for name in documented:
        module = importlib.import_module(name)
        assert not module.__spec__.origin or module.__spec__.origin.startswith(("/library/", "built-in")), module
        results = doctest.testmod(module)
        assert results.failed == 0, name
        attempted += results.attempted
    try:
        open("/library/new", "w")
        raise AssertionError("a fixed directory was written")
    except OSError:
        pass
    own_files("/scratch")
    print(files, "files,", attempted, "examples")


def own_files(root):
    tempfile.tempdir = root
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "größe.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(list(range(100_000)), file)
            os.fsync(file.fileno())
        with open(path, "rb") as file:
            content = file.read()
            assert zlib.decompress(zlib.compress(content)) == content
            file.seek(-6, os.SEEK_END)
            assert file.read() == b"99999]"
        before = time.time()
        os.utime(path, (1, 2))
        assert (os.stat(path).st_atime, os.stat(path).st_mtime) == (1, 2)
        os.replace(path, path + ".old")
        shutil.copytree(folder, folder + ".copy")
        assert os.listdir(folder + ".copy") == ["größe.json.old"]
        shutil.rmtree(folder + ".copy")
        time.sleep(0.02)
        assert time.time() - before >= 0.02
        with sqlite3.connect(os.path.join(folder, "db"), isolation_level=None) as database:
            database.execute("pragma locking_mode=exclusive")
            database.execute("create table numbers(n)")
            database.executemany("insert into numbers values(?)", [(n,) for n in range(200)])
            assert database.execute("select sum(n) from numbers").fetchone() == (19_900,)
        database.close()


{"unpack": unpack, "check": check}[sys.argv[1]]()
