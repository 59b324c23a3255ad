;; Sleeps for a day in poll_oneoff: an idle guest.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    ;; subscription at 0: userdata u64, tag u8 = 0 (clock) at 8, clock id u32 at 16 = 1 (monotonic),
    ;; timeout u64 at 24 in ns, precision at 32, flags u16 at 40 = 0 (relative)
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 86400000000000))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))
