module wasmlet.dev/programs

go 1.26
