//! Prints what a guest was given and does what its arguments say, in order:
//!   args, env        print them, one `arg N VALUE` or `env NAME=VALUE` per line
//!   stdin            copy it to stdout
//!   cat PATH         print a file              ls PATH      print a directory's names, sorted
//!   write PATH TEXT  write a file              append PATH TEXT
//!   link TARGET PATH make a symbolic link      rm PATH
//!   stat PATH        print kind and size
//!   say TEXT         a line on stdout          complain TEXT  a line on stderr
//!   sleep SECONDS    (fractions allowed)       exit CODE
//!   loop             compute for ever          panic TEXT
//!   grow MIB         allocate and touch memory, a MiB at a time
//! A file operation that fails prints `OPERATION PATH: failed: KIND` and the run goes on. Without any
//! argument: args and env.
use std::io::{Read, Write};
use std::{env, fs, io, process, thread, time};

fn main() {
    let mut words = env::args().skip_while(|word| !is_operation(word)).peekable();
    if words.peek().is_none() {
        print_args();
        print_env();
    }
    while let Some(operation) = words.next() {
        let mut next = || words.next().unwrap_or_default();
        match operation.as_str() {
            "args" => print_args(),
            "env" => print_env(),
            "say" => println!("{}", next()),
            "complain" => eprintln!("{}", next()),
            "stdin" => copy_stdin(),
            "sleep" => thread::sleep(time::Duration::from_secs_f64(next().parse().expect("seconds"))),
            "exit" => process::exit(next().parse().expect("an exit code")),
            "panic" => panic!("{}", next()),
            "loop" => spin(),
            "grow" => grow(next().parse().expect("MiB")),
            "cat" => on_file("cat", next(), |path| fs::read_to_string(path)),
            "ls" => on_file("ls", next(), names),
            "stat" => on_file("stat", next(), kind_and_size),
            "rm" => on_file("rm", next(), |path| fs::remove_file(path).map(|()| "removed".into())),
            "write" => {
                let (path, text) = (next(), next());
                on_file("write", path, |path| fs::write(path, text).map(|()| "written".into()))
            }
            "append" => {
                let (path, text) = (next(), next());
                on_file("append", path, |path| append(path, &text))
            }
            "link" => {
                let (target, path) = (next(), next());
                on_file("link", path, |path| link(&target, path))
            }
            other => panic!("the printer does not know {other:?}"),
        }
    }
}

fn is_operation(word: &str) -> bool {
    // The first argument may be the module's own name, or be missing.
    !word.ends_with(".wasm") && !word.contains('/') && word != "printer"
}

fn print_args() {
    for (index, value) in env::args().enumerate() {
        println!("arg {index} {value}");
    }
}

fn print_env() {
    for (name, value) in env::vars() {
        println!("env {name}={value}");
    }
}

fn copy_stdin() {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).expect("stdin");
    io::stdout().write_all(&bytes).expect("stdout");
}

fn spin() {
    let mut count = 0u64;
    loop {
        // volatile: the loop is not to be optimised into something else
        unsafe { std::ptr::write_volatile(&mut count, count.wrapping_add(1)) };
    }
}

fn grow(mebibytes: usize) {
    let mut blocks = Vec::new();
    for _ in 0..mebibytes {
        blocks.push(vec![1u8; 1 << 20]);
    }
    println!("grew by {} MiB", blocks.iter().map(Vec::len).sum::<usize>() >> 20);
}

fn on_file(operation: &str, path: String, act: impl FnOnce(&str) -> io::Result<String>) {
    match act(&path) {
        Ok(text) => println!("{operation} {path}: {text}"),
        Err(error) => println!("{operation} {path}: failed: {:?}", error.kind()),
    }
}

fn names(path: &str) -> io::Result<String> {
    let mut names = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names.join(" "))
}

fn kind_and_size(path: &str) -> io::Result<String> {
    let facts = fs::symlink_metadata(path)?;
    let kind = if facts.is_dir() {
        "directory"
    } else if facts.file_type().is_symlink() {
        "link"
    } else {
        "file"
    };
    Ok(format!("{kind} {}", facts.len()))
}

fn append(path: &str, text: &str) -> io::Result<String> {
    fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())?;
    Ok("appended".into())
}

#[cfg(target_os = "wasi")]
fn link(target: &str, path: &str) -> io::Result<String> {
    // The standard library's symlink for WASI is not stable: call what it calls.
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    extern "C" {
        fn path_symlink(target: *const u8, target_len: usize, fd: i32, path: *const u8, path_len: usize) -> u16;
    }
    const FIRST_PREOPEN: i32 = 3;
    let path = path.trim_start_matches('/');
    let errno = unsafe { path_symlink(target.as_ptr(), target.len(), FIRST_PREOPEN, path.as_ptr(), path.len()) };
    match errno {
        0 => Ok("linked".into()),
        errno => Err(io::Error::from_raw_os_error(errno.into())),
    }
}

#[cfg(not(target_os = "wasi"))]
fn link(target: &str, path: &str) -> io::Result<String> {
    std::os::unix::fs::symlink(target, path).map(|()| "linked".into())
}
