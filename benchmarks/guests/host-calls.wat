;; Times single host calls, in processor time of its process, and writes nanoseconds per call, one i64 each in the order of the table, to the file
;; `results` of its directory. That holds `read` (1 MiB), `write`, `list/` (20 files) and `a/b/c/file`.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 2)

  ;; One vector of 64 bytes, then two of 32; the calls' answers land at 0.
  (data (i32.const 16) "\00\10\00\00\40\00\00\00" "\00\10\00\00\20\00\00\00" "\00\20\00\00\20\00\00\00")
  (data (i32.const 64) "read")
  (data (i32.const 80) "write")
  (data (i32.const 96) "list")
  (data (i32.const 112) "a/b/c/file")
  (data (i32.const 128) "a/b/c/none")
  (data (i32.const 144) "results")

  (type $case (func (result i32)))
  (table funcref (elem $read $write $write2 $seek $fdstat $open $openDeep $openNone $stat $list $clock $random $random4k))
  (global $cases i32 (i32.const 13))
  ;; Calls of one batch, by case.
  (data (i32.const 256)
    "\10\27\00\00" "\10\27\00\00" "\10\27\00\00" "\20\4e\00\00" "\10\27\00\00" "\d0\07\00\00" "\d0\07\00\00"
    "\d0\07\00\00" "\d0\07\00\00" "\f4\01\00\00" "\20\4e\00\00" "\10\27\00\00" "\d0\07\00\00")
  (global $results i32 (i32.const 512))
  (global $read (mut i32) (i32.const 0))
  (global $write (mut i32) (i32.const 0))
  (global $list (mut i32) (i32.const 0))

  (func $read (type $case) (call $fd_read (global.get $read) (i32.const 16) (i32.const 1) (i32.const 0)))
  (func $write (type $case) (call $fd_write (global.get $write) (i32.const 16) (i32.const 1) (i32.const 0)))
  (func $write2 (type $case) (call $fd_write (global.get $write) (i32.const 24) (i32.const 2) (i32.const 0)))
  (func $seek (type $case) (call $fd_seek (global.get $read) (i64.const 64) (i32.const 0) (i32.const 0)))
  (func $fdstat (type $case) (call $fd_filestat_get (global.get $read) (i32.const 8192)))
  (func $open (type $case) (call $close (call $opened (i32.const 64) (i32.const 4) (i64.const 2))))
  (func $openDeep (type $case) (call $close (call $opened (i32.const 112) (i32.const 10) (i64.const 2))))
  (func $openNone (type $case)
    (i32.ne (i32.const 44)
      (call $path_open (i32.const 3) (i32.const 1) (i32.const 128) (i32.const 10)
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))))
  (func $stat (type $case)
    (call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 112) (i32.const 10) (i32.const 8192)))
  (func $list (type $case)
    (call $fd_readdir (global.get $list) (i32.const 8192) (i32.const 8192) (i64.const 0) (i32.const 0)))
  (func $clock (type $case) (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 0)))
  (func $random (type $case) (call $random_get (i32.const 8192) (i32.const 16)))
  (func $random4k (type $case) (call $random_get (i32.const 8192) (i32.const 4096)))

  (func $close (param $fd i32) (result i32) (call $fd_close (local.get $fd)))
  (func $opened (param $path i32) (param $length i32) (param $rights i64) (result i32)
    (call $check (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $length)
      (i32.const 0) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 0)))
    (i32.load (i32.const 0)))
  (func $check (param $errno i32) (if (local.get $errno) (then unreachable)))
  (func $now (result i64)
    (call $check (call $clock_time_get (i32.const 2) (i64.const 1) (i32.const 8)))
    (i64.load (i32.const 8)))

  ;; The fastest of ten batches.
  (func $time (param $case i32)
    (local $batch i32) (local $left i32) (local $count i32) (local $begin i64) (local $best i64)
    (local.set $count (i32.load (i32.add (i32.const 256) (i32.mul (local.get $case) (i32.const 4)))))
    (local.set $best (i64.const -1))
    (loop $batches
      (call $check (call $fd_seek (global.get $read) (i64.const 0) (i32.const 0) (i32.const 0)))
      (call $check (call $fd_seek (global.get $write) (i64.const 0) (i32.const 0) (i32.const 0)))
      (local.set $left (local.get $count))
      (local.set $begin (call $now))
      (loop $calls
        (call $check (call_indirect (type $case) (local.get $case)))
        (br_if $calls (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $begin (i64.sub (call $now) (local.get $begin)))
      (if (i64.lt_u (local.get $begin) (local.get $best)) (then (local.set $best (local.get $begin))))
      (br_if $batches (i32.lt_u (local.tee $batch (i32.add (local.get $batch) (i32.const 1))) (i32.const 10))))
    (i64.store
      (i32.add (global.get $results) (i32.mul (local.get $case) (i32.const 8)))
      (i64.div_u (local.get $best) (i64.extend_i32_u (local.get $count)))))

  (func (export "_start") (local $case i32)
    (global.set $read (call $opened (i32.const 64) (i32.const 4) (i64.const 0x200006)))
    (global.set $write (call $opened (i32.const 80) (i32.const 5) (i64.const 0x44)))
    (global.set $list (call $opened (i32.const 96) (i32.const 4) (i64.const 0x4000)))
    (loop $cases
      (call $time (local.get $case))
      (br_if $cases
        (i32.lt_u (local.tee $case (i32.add (local.get $case) (i32.const 1))) (global.get $cases))))
    (i32.store (i32.const 16) (global.get $results))
    (i32.store (i32.const 20) (i32.mul (global.get $cases) (i32.const 8)))
    (call $check (call $fd_write
      (call $opened (i32.const 144) (i32.const 7) (i64.const 0x40)) (i32.const 16) (i32.const 1) (i32.const 0)))))
