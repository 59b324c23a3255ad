# A command module under PyPI's wasmtime: prints how many milliseconds it took to compile and to run.
import sys
import time
import wasmtime

begin = time.perf_counter()
engine = wasmtime.Engine()
module = wasmtime.Module.from_file(engine, sys.argv[1])
compiled = time.perf_counter()
linker = wasmtime.Linker(engine)
linker.define_wasi()
store = wasmtime.Store(engine)
wasi = wasmtime.WasiConfig()
wasi.argv = ["guest"]
store.set_wasi(wasi)
try:
    linker.instantiate(store, module).exports(store)["_start"](store)
except wasmtime.ExitTrap as exit:
    if exit.code != 0:
        raise
print((compiled - begin) * 1000, (time.perf_counter() - compiled) * 1000)
