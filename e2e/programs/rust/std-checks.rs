//! What Rust's standard library asks of a WASI host, as tests of `rustc --test`. `/work` is an empty directory,
//! `/fixed` one that cannot be written, with `file` in it.
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, prelude::*, BufReader, BufWriter, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, thread};

extern "C" {
    fn realloc(old: *mut u8, size: usize) -> *mut u8;
}

/// For the adapter to WASI 0.2, which would otherwise grow the memory under an allocator that does not expect it.
#[no_mangle]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, _old_size: usize, _align: usize, size: usize) -> *mut u8 {
    realloc(old, size)
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new("/scratch").join(name);
    fs::create_dir(&path).unwrap();
    path
}

fn kind_of<T>(result: io::Result<T>) -> ErrorKind {
    result.err().expect("a refusal").kind()
}

#[test]
fn files_are_written_read_appended_and_cut() {
    let path = folder("files").join("file");
    fs::write(&path, "first").unwrap();
    let mut appending = OpenOptions::new().append(true).open(&path).unwrap();
    appending.write_all(b", second").unwrap();
    drop(appending);
    assert_eq!(fs::read_to_string(&path).unwrap(), "first, second");
    let mut file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    file.seek(SeekFrom::End(-6)).unwrap();
    let mut tail = String::new();
    file.read_to_string(&mut tail).unwrap();
    assert_eq!(tail, "second");
    assert_eq!(file.stream_position().unwrap(), 13);
    file.set_len(5).unwrap();
    file.rewind().unwrap();
    file.write_all(b"F").unwrap();
    file.sync_all().unwrap();
    file.sync_data().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"First");
    file.seek(SeekFrom::Start(100)).unwrap();
    file.write_all(b"!").unwrap();
    let content = fs::read(&path).unwrap();
    assert_eq!((content.len(), content[50], content[100]), (101, 0, b'!'));
    assert_eq!(kind_of(file.seek(SeekFrom::Current(-1_000))), ErrorKind::InvalidInput);
    File::create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn what_cannot_be_is_told_by_kind() {
    let root = folder("refusals");
    fs::write(root.join("file"), "").unwrap();
    fs::create_dir(root.join("full")).unwrap();
    fs::write(root.join("full/file"), "").unwrap();
    let new = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    assert_eq!(kind_of(File::open(root.join("none"))), ErrorKind::NotFound);
    assert_eq!(kind_of(new(&root.join("file"))), ErrorKind::AlreadyExists);
    assert_eq!(kind_of(fs::create_dir(root.join("full"))), ErrorKind::AlreadyExists);
    assert!(fs::remove_dir(root.join("full")).is_err());
    assert!(fs::remove_file(root.join("full")).is_err());
    assert!(fs::read_dir(root.join("file")).is_err());
    assert!(fs::read(root.join("full")).is_err());
    assert!(fs::read_to_string(root.join("file/below")).is_err());
    assert!(File::open("/etc/passwd").is_err());
    assert!(File::open("/scratch/../../etc/passwd").is_err());
    assert!(fs::rename(root.join("none"), root.join("other")).is_err());
    let reading = File::open(root.join("file")).unwrap();
    assert!((&reading).write(b"x").is_err());
}

#[test]
fn what_is_fixed_stays_as_it_is() {
    assert_eq!(fs::read_to_string("/fixed/file").unwrap(), "fixed");
    assert!(fs::write("/fixed/file", "other").is_err());
    assert!(fs::write("/fixed/new", "").is_err());
    assert!(fs::remove_file("/fixed/file").is_err());
    assert!(fs::create_dir("/fixed/new").is_err());
    assert!(fs::rename("/fixed/file", "/scratch/taken").is_err());
    assert!(fs::hard_link("/fixed/file", "/scratch/taken").is_err());
    assert_eq!(fs::read_to_string("/fixed/file").unwrap(), "fixed");
}

#[test]
fn names_are_linked_renamed_copied_and_removed() {
    let root = folder("names");
    fs::write(root.join("one"), "content").unwrap();
    fs::hard_link(root.join("one"), root.join("two")).unwrap();
    assert_eq!(fs::copy(root.join("two"), root.join("three")).unwrap(), 7);
    fs::rename(root.join("three"), root.join("one")).unwrap();
    #[allow(deprecated)]
    fs::soft_link("two", root.join("link")).unwrap();
    assert!(fs::symlink_metadata(root.join("link")).unwrap().file_type().is_symlink());
    assert!(fs::metadata(root.join("link")).unwrap().is_file());
    assert_eq!(fs::read_link(root.join("link")).unwrap(), Path::new("two"));
    assert_eq!(fs::read_to_string(root.join("link")).unwrap(), "content");
    fs::remove_file(root.join("two")).unwrap();
    assert_eq!(kind_of(fs::metadata(root.join("link"))), ErrorKind::NotFound);
    #[allow(deprecated)]
    fs::soft_link("circle", root.join("circle")).unwrap();
    assert!(File::open(root.join("circle")).is_err());
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(kind_of(fs::metadata(&root)), ErrorKind::NotFound);
}

#[test]
fn directories_are_listed_whole() {
    let root = folder("listed");
    let deep = root.join("a/b/c/d/e/f/g/h");
    fs::create_dir_all(&deep).unwrap();
    for number in 0..1_500 {
        fs::write(deep.join(format!("{number:0>60}")), "").unwrap();
    }
    let mut names: Vec<String> =
        fs::read_dir(&deep).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 1_500);
    assert_eq!(names[1_499].parse::<u32>().unwrap(), 1_499);
    for entry in fs::read_dir(&deep).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    assert_eq!(fs::read_dir(&deep).unwrap().count(), 0);
}

#[test]
fn large_files_pass_through_buffers() {
    let path = folder("large").join("file");
    let mut writer = BufWriter::new(File::create(&path).unwrap());
    for number in 0..600_000u32 {
        writeln!(writer, "line {number}").unwrap();
    }
    writer.into_inner().unwrap().sync_all().unwrap();
    let lines = BufReader::new(File::open(&path).unwrap()).lines();
    let mut count = 0u32;
    for line in lines {
        assert_eq!(line.unwrap(), format!("line {count}"));
        count += 1;
    }
    assert_eq!(count, 600_000);
}

#[test]
fn files_tell_when_they_were_changed() {
    let path = folder("times").join("file");
    fs::write(&path, "1").unwrap();
    let first = fs::metadata(&path).unwrap().modified().unwrap();
    thread::sleep(Duration::from_millis(30));
    fs::write(&path, "2").unwrap();
    let metadata = fs::metadata(&path).unwrap();
    let second = metadata.modified().unwrap();
    assert!(second.duration_since(first).unwrap() >= Duration::from_millis(15));
    assert!(SystemTime::now().duration_since(second).unwrap() < Duration::from_secs(60));
    assert!(metadata.accessed().is_ok());
}

#[test]
fn clocks_go_forward() {
    let begin = Instant::now();
    let wall = SystemTime::now();
    assert!(wall.duration_since(UNIX_EPOCH).unwrap() > Duration::from_secs(1_700_000_000));
    thread::sleep(Duration::from_millis(40));
    let elapsed = begin.elapsed();
    assert!(elapsed >= Duration::from_millis(40) && elapsed < Duration::from_secs(20), "{elapsed:?}");
    assert!(wall.elapsed().unwrap() >= Duration::from_millis(30));
    let mut last = Instant::now();
    for _ in 0..10_000 {
        let now = Instant::now();
        assert!(now >= last);
        last = now;
    }
}

#[test]
fn the_environment_is_what_was_given() {
    let given: Vec<_> = env::vars().collect();
    assert_eq!(given, [("A".into(), "1".into()), ("EMPTY".into(), "".into()), ("UMLAUT".into(), "ü=ü".into())]);
    env::set_var("A", "2");
    env::remove_var("EMPTY");
    assert_eq!(env::var("A").unwrap(), "2");
    assert!(env::var("EMPTY").is_err());
    env::set_var("A", "1");
    env::set_var("EMPTY", "");
    assert!(env::args().next().unwrap().ends_with("std-checks"));
}

#[test]
fn streams_are_there() {
    assert_eq!(io::stdin().read(&mut [0; 16]).unwrap(), 0);
    io::stdout().write_all(b"out\n").unwrap();
    io::stderr().write_all(b"err\n").unwrap();
    io::stdout().flush().unwrap();
}

#[test]
fn memory_and_randomness_are_there() {
    let block: Vec<u64> = (0..4_000_000).collect();
    assert_eq!(block.iter().sum::<u64>(), 7_999_998_000_000);
    let words: HashMap<u32, String> = (0..50_000).map(|number| (number, number.to_string())).collect();
    assert_eq!(words[&49_999], "49999");
}
