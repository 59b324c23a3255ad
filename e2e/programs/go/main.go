// What the runtime of Go asks of a WASI host, one check per word: args, env, walk DIR, goroutines, time, grow MIB,
// panic TEXT, deadlock, exit CODE, serve (HTTP, on the listener that follows stdio, until somebody gets /stop). Prints what it found; a failed check is a panic.
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		panic("no check named")
	}
	word := func(at int) string { return append(os.Args, "", "")[at] }
	number := func(at int) int {
		value, err := strconv.Atoi(word(at))
		must(err)
		return value
	}
	switch os.Args[1] {
	case "args":
		fmt.Printf("%q\n", os.Args)
	case "env":
		fmt.Printf("%q\n", os.Environ())
	case "walk":
		walk(word(2))
	case "goroutines":
		goroutines()
	case "time":
		clocks()
	case "grow":
		grow(number(2))
	case "panic":
		panic(word(2))
	case "deadlock":
		<-make(chan int)
	case "exit":
		os.Exit(number(2))
	case "serve":
		serve()
	default:
		panic("no such check: " + os.Args[1])
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Makes 3 levels of directories with files, walks, reads, renames and removes them.
func walk(root string) {
	base := filepath.Join(root, "tree")
	made := 0
	sums := map[string][32]byte{}
	for _, a := range []string{"a", "b", "c"} {
		for _, b := range []string{"x", "y", "ü"} {
			folder := filepath.Join(base, a, b)
			must(os.MkdirAll(folder, 0o755))
			for i := range 40 {
				path := filepath.Join(folder, fmt.Sprintf("file %d", i))
				content := []byte(path)
				must(os.WriteFile(path, content, 0o644))
				sums[path] = sha256.Sum256(content)
				made++
			}
			must(os.Symlink("file 0", filepath.Join(folder, "link")))
		}
	}
	found, links := 0, 0
	must(filepath.WalkDir(base, func(path string, entry fs.DirEntry, err error) error {
		must(err)
		if entry.Type()&fs.ModeSymlink != 0 {
			links++
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		must(err)
		if sha256.Sum256(content) != sums[path] {
			panic("another content: " + path)
		}
		found++
		return nil
	}))
	must(os.Rename(filepath.Join(base, "a"), filepath.Join(base, "d")))
	names, err := fs.Glob(os.DirFS(base), "d/*/file 3?")
	must(err)
	must(os.RemoveAll(base))
	if _, err := os.Stat(base); !os.IsNotExist(err) {
		panic(fmt.Sprint("still there: ", err))
	}
	fmt.Println(made, found, links, len(names))
}

// Ten thousand of them, some of which sleep, on the one thread that there is.
func goroutines() {
	var group sync.WaitGroup
	results := make(chan int, 16)
	for i := range 10_000 {
		group.Go(func() {
			if i%100 == 0 {
				time.Sleep(time.Duration(i%7) * time.Millisecond)
			}
			runtime.Gosched()
			results <- i
		})
	}
	go func() {
		group.Wait()
		close(results)
	}()
	sum := 0
	for i := range results {
		sum += i
	}
	fmt.Println(sum)
}

func clocks() {
	begin := time.Now()
	if begin.Year() < 2024 {
		panic("an old clock: " + begin.String())
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	for range 3 {
		<-ticker.C
	}
	select {
	case <-time.After(time.Minute):
		panic("a minute passed")
	case <-time.After(20 * time.Millisecond):
	}
	elapsed := time.Since(begin)
	if elapsed < 50*time.Millisecond {
		panic("timers are early: " + elapsed.String())
	}
	fmt.Println(begin.UnixMilli(), elapsed.Milliseconds())
}

// Takes and gives back; then keeps and writes to all of it.
func grow(mebibytes int) {
	for range 4 {
		_ = slices.Repeat([]byte{1}, mebibytes<<19)
		debug.FreeOSMemory()
	}
	kept := make([][]byte, 0, mebibytes)
	for i := range mebibytes {
		kept = append(kept, slices.Repeat([]byte{byte(i)}, 1<<20))
	}
	sum := 0
	for _, block := range kept {
		sum += int(block[len(block)-1])
	}
	fmt.Println(len(kept), sum)
}

func serve() {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	must(err)
	var server http.Server
	http.HandleFunc("/sum", func(answer http.ResponseWriter, request *http.Request) {
		hash := sha256.New()
		size, err := io.Copy(hash, request.Body)
		must(err)
		fmt.Fprintf(answer, "%d %x", size, hash.Sum(nil))
	})
	http.HandleFunc("/large", func(answer http.ResponseWriter, _ *http.Request) {
		for range 64 {
			_, err := answer.Write(slices.Repeat([]byte("0123456789abcdef"), 4096))
			must(err)
		}
	})
	http.HandleFunc("/slow", func(answer http.ResponseWriter, _ *http.Request) {
		time.Sleep(250 * time.Millisecond)
		fmt.Fprint(answer, "at last")
	})
	http.HandleFunc("/stop", func(http.ResponseWriter, *http.Request) {
		go server.Close()
	})
	fmt.Println("serving")
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		panic(err)
	}
}
