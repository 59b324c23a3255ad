// SQLite on files of a WASI host. `check PATH` makes a database and checks what it does, `interrupt PATH` is to be
// killed in the middle of a transaction, `recover PATH` looks at what is left, `compute` takes no files.
#include "sqlite3.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** For the adapter to WASI 0.2, which would otherwise grow the memory under an allocator that does not expect it. */
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  return realloc(old, size);
}

static sqlite3 *database;
static int checks;

static void fail(const char *what) {
  printf("%s: %s\n", what, sqlite3_errmsg(database));
  exit(1);
}

static void open_database(const char *path) {
  // Without locks: guests share no files here, and the format's own would be byte ranges, which WASI has not.
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path, &database, flags, "unix-none") != SQLITE_OK) fail(path);
}

static void run(const char *sql) {
  if (sqlite3_exec(database, sql, 0, 0, 0) != SQLITE_OK) fail(sql);
}

/** Checks the first column of the first row. */
static void expect(const char *sql, const char *wanted) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, 0) != SQLITE_OK) fail(sql);
  if (sqlite3_step(statement) != SQLITE_ROW) fail(sql);
  const char *found = (const char *)sqlite3_column_text(statement, 0);
  if (!found || strcmp(found, wanted) != 0) {
    printf("%s: %s instead of %s\n", sql, found ? found : "null", wanted);
    exit(1);
  }
  sqlite3_finalize(statement);
  checks++;
}

static void close_database(void) {
  if (sqlite3_close(database) != SQLITE_OK) fail("close");
}

#define NUMBERS(n) "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" n ") "
#define FILL(n) NUMBERS(n) "INSERT INTO item SELECT i, i*7919%10007, printf('name %d', i) FROM n"

static void check(const char *path) {
  open_database(path);
  run("CREATE TABLE item(id INTEGER PRIMARY KEY, value INT, name TEXT)");
  run("BEGIN; " FILL("20000") "; COMMIT");
  run("CREATE INDEX by_value ON item(value)");
  expect("SELECT count(*) FROM item", "20000");
  expect("SELECT name FROM item WHERE value=5003 ORDER BY id LIMIT 1", "name 520");
  run("BEGIN; DELETE FROM item; ROLLBACK");
  run("SAVEPOINT a; UPDATE item SET value=0; ROLLBACK TO a; RELEASE a");
  expect("SELECT count(DISTINCT value) FROM item", "10007");
  run("CREATE TRIGGER loud AFTER DELETE ON item BEGIN INSERT INTO item VALUES(-old.id, 0, 'gone'); END");
  run("DELETE FROM item WHERE id=5");
  expect("SELECT name FROM item WHERE id=-5", "gone");
  expect("SELECT json_extract('{\"a\":[1,{\"b\":7}]}', '$.a[1].b')", "7");
  run("PRAGMA temp_store=FILE; CREATE TEMP TABLE sorted AS SELECT * FROM item ORDER BY name DESC");
  expect("SELECT count(*) FROM sorted", "20000");
  run("DELETE FROM item WHERE id%2; VACUUM");
  expect("PRAGMA integrity_check", "ok");
  close_database();
  open_database(path);
  run("PRAGMA synchronous=EXTRA; PRAGMA journal_mode=PERSIST");
  run("UPDATE item SET value=value+1 WHERE id=2");
  expect("SELECT (SELECT value FROM item WHERE id=2) = 2*7919%10007+1", "1");
  expect("PRAGMA integrity_check", "ok");
  close_database();
  printf("%d checks passed\n", checks);
}

static void interrupt(const char *path) {
  open_database(path);
  run("CREATE TABLE item(id INTEGER PRIMARY KEY, value INT, name TEXT); " FILL("20000"));
  run("PRAGMA cache_size=10; PRAGMA cache_spill=1; BEGIN; UPDATE item SET value=-1, name='half written'");
  puts("in a transaction");
  fflush(stdout);
  for (;;) sleep(1);
}

static void recover(const char *path) {
  open_database(path);
  expect("SELECT count(*) FROM item WHERE value<0 OR name='half written'", "0");
  expect("PRAGMA integrity_check", "ok");
  expect("SELECT count(*) FROM item", "20000");
  close_database();
  printf("%d checks passed\n", checks);
}

static void compute(void) {
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) fail("memory");
  run("CREATE TABLE item(id INTEGER PRIMARY KEY, value INT, name TEXT)");
  run("BEGIN; " FILL("400000") "; COMMIT; CREATE INDEX by_name ON item(name)");
  expect("SELECT count(*) FROM (SELECT value, max(name) FROM item GROUP BY value)", "10007");
  expect("SELECT sum(a.value=b.value) FROM item a JOIN item b ON b.name='name '||(a.id+10007)", "389993");
  close_database();
}

int main(int count, char **words) {
  const char *path = count > 2 ? words[2] : "/data/test.db";
  const char *what = count > 1 ? words[1] : "compute";
  if (strcmp(what, "check") == 0) check(path);
  else if (strcmp(what, "interrupt") == 0) interrupt(path);
  else if (strcmp(what, "recover") == 0) recover(path);
  else compute();
  return 0;
}
