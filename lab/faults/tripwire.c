/* A tripwire: counts the calls that change what lies below one folder, and at a chosen one kills the
 * process, signals it, lets the call fail, or writes half.
 *
 * Preloaded into a process and inherited by its children; they share one plan, a small file that each
 * maps (its path is in $TRIPWIRE). lab/faults/tripwire.py builds this, writes plans and reads the log.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum act { COUNT, KILL_BEFORE, KILL_AFTER, KILL_HALF, FAIL, SHORT, SIGNAL };
enum verdict { PASS, REFUSE, HALVE, HALVE_AND_DIE, DIE_AFTER };

struct plan { /* the same order and sizes as PLAN in tripwire.py */
  uint64_t seen, sprung, at;
  uint32_t act, number, lasting, group; /* number: an errno or a signal; group: 0 is this process alone */
  char calls[256];                      /* " write fsync ": which calls count; "" is all */
  char name[256];                       /* which files, as fnmatch has it, below the root; "" is all */
  char root[1024], log[1024];
};

static struct plan *plan;

/* Take up another plan: a process that was forked calls this before it begins. */
int trip_use(const char *path) {
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return -1;
  void *at = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (at == MAP_FAILED) return -1;
  plan = at;
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("TRIPWIRE");
  if (path && *path) trip_use(path);
}

static void die(void) {
  if (plan->group) kill(-(pid_t)plan->group, SIGKILL);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Return the part of a path below the root, or NULL. */
static const char *below(const char *path) {
  size_t length = strlen(plan->root);
  if (strncmp(path, plan->root, length) != 0) return NULL;
  if (path[length] == '\0') return ".";
  return path[length] == '/' ? path + length + 1 : NULL;
}

static const char *named(int fd, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t got = readlink(link, buffer, PATH_MAX - 1);
  if (got < 0) return "";
  buffer[got] = '\0';
  return buffer;
}

/* Take "." and ".." out of an absolute path, by its text: no folder of a run is a link. */
static const char *tidied(char *path) {
  char *end = path;
  for (const char *at = path; *at;) {
    size_t length = strcspn(at + 1, "/") + 1; /* a slash, and the name behind it */
    if (length == 3 && at[1] == '.' && at[2] == '.') {
      while (end > path && *--end != '/') {}
    } else if (length > 1 && !(length == 2 && at[1] == '.')) {
      memmove(end, at, length);
      end += length;
    }
    at += length;
  }
  *end = '\0';
  return path;
}

static const char *absolute(int folder, const char *path, char *buffer) {
  char base[PATH_MAX] = "";
  if (path == NULL) return "";
  if (*path != '/' && folder != AT_FDCWD) named(folder, base);
  else if (*path != '/' && getcwd(base, sizeof base) == NULL) return "";
  snprintf(buffer, PATH_MAX, "%.2000s/%.2000s", base, path);
  return *buffer == '/' ? tidied(buffer) : "";
}

static void note(uint64_t number, const char *call, const char *name) {
  char line[PATH_MAX + 128];
  int length = snprintf(line, sizeof line, "%llu\t%d\t%s\t%s\n", (unsigned long long)number, (int)getpid(), call, name);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, plan->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, (size_t)length);
  syscall(SYS_close, fd);
}

static int counts(const char *call, const char *name) {
  char word[40];
  snprintf(word, sizeof word, " %s ", call);
  if (*plan->calls && strstr(plan->calls, word) == NULL) return 0;
  return *plan->name == '\0' || fnmatch(plan->name, name, 0) == 0;
}

/* Count one call on an absolute path, and say what becomes of it. */
static enum verdict verdict_on(const char *call, const char *path) {
  int before = errno;
  const char *name = plan ? below(path) : NULL;
  if (name == NULL || !counts(call, name)) return errno = before, PASS;
  uint64_t number = __atomic_add_fetch(&plan->seen, 1, __ATOMIC_SEQ_CST);
  note(number, call, name);
  errno = before;
  if (plan->at == 0 || number < plan->at || (number > plan->at && !plan->lasting)) return PASS;
  if (plan->sprung == 0) plan->sprung = number;
  switch (plan->act) {
    case KILL_BEFORE: die(); return PASS;
    case KILL_AFTER: return DIE_AFTER;
    case KILL_HALF: return HALVE_AND_DIE;
    case FAIL: errno = (int)plan->number; return REFUSE;
    case SHORT: return HALVE;
    case SIGNAL:
      kill(plan->group ? -(pid_t)plan->group : getpid(), (int)plan->number);
      return PASS;
    default: return PASS;
  }
}

static enum verdict on_fd(const char *call, int fd) {
  char buffer[PATH_MAX];
  if (plan == NULL) return PASS;
  int before = errno;
  const char *path = named(fd, buffer);
  errno = before;
  return verdict_on(call, path);
}

static enum verdict on_path(const char *call, int folder, const char *path) {
  char buffer[PATH_MAX];
  if (plan == NULL) return PASS;
  int before = errno;
  const char *whole = absolute(folder, path, buffer);
  errno = before;
  return verdict_on(call, whole);
}

/* Of two paths the one that is written counts; the other where only that lies below the root. */
static enum verdict on_two(const char *call, int from, const char *old, int to, const char *new) {
  char buffer[PATH_MAX];
  if (plan == NULL) return PASS;
  return below(absolute(to, new, buffer)) ? on_path(call, to, new) : on_path(call, from, old);
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);

/* A call that is done or not: make it unless it is refused; half of it is nothing. */
#define WHOLE(asked, call, failed) \
  enum verdict verdict = (asked); \
  if (verdict == REFUSE) return failed; \
  if (verdict == HALVE_AND_DIE) die(); \
  __typeof__(call) done = call; \
  if (verdict == DIE_AFTER) die(); \
  return done;

/* A call that moves bytes: half of them, where it is halved. */
#define MOVES(asked, size, call, failed) \
  enum verdict verdict = (asked); \
  if (verdict == REFUSE) return failed; \
  if ((verdict == HALVE || verdict == HALVE_AND_DIE) && size > 1) size /= 2; \
  __typeof__(call) done = call; \
  if (verdict == HALVE_AND_DIE || verdict == DIE_AFTER) die(); \
  return done;

static const char *opening(int flags) {
  if (flags & (O_CREAT | O_TRUNC)) return "create";
  return (flags & O_ACCMODE) == O_RDONLY ? NULL : "open";
}

/* A full disk makes no new file; one that is there it opens. */
static enum verdict on_open(int folder, const char *path, int flags) {
  const char *call = opening(flags);
  enum verdict verdict = call ? on_path(call, folder, path) : PASS;
  int why = errno;
  if (verdict == REFUSE && (why == ENOSPC || why == EDQUOT) && faccessat(folder, path, F_OK, 0) == 0) return PASS;
  return errno = why, verdict;
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name) \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = va_arg(more, mode_t); \
    va_end(more); \
    WHOLE(on_open(AT_FDCWD, path, flags), real(path, flags, mode), -1) \
  }
#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    REAL(name) \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = va_arg(more, mode_t); \
    va_end(more); \
    WHOLE(on_open(folder, path, flags), real(folder, path, flags, mode), -1) \
  }
int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
#define OPEN_2(name) \
  int name(const char *path, int flags) { \
    REAL(name) WHOLE(on_open(AT_FDCWD, path, flags), real(path, flags), -1) \
  }
#define OPENAT_2(name) \
  int name(int folder, const char *path, int flags) { \
    REAL(name) WHOLE(on_open(folder, path, flags), real(folder, path, flags), -1) \
  }
#define CREAT(name) \
  int name(const char *path, mode_t mode) { \
    REAL(name) WHOLE(on_path("create", AT_FDCWD, path), real(path, mode), -1) \
  }
#define FOPEN(name) \
  FILE *name(const char *path, const char *mode) { \
    REAL(name) WHOLE(strpbrk(mode, "wa+") ? on_path("create", AT_FDCWD, path) : PASS, real(path, mode), NULL) \
  }
#define WRITE(name) \
  ssize_t name(int fd, const void *data, size_t size) { \
    REAL(name) MOVES(on_fd("write", fd), size, real(fd, data, size), -1) \
  }
#define PWRITE(name, offset_t) \
  ssize_t name(int fd, const void *data, size_t size, offset_t offset) { \
    REAL(name) MOVES(on_fd("pwrite", fd), size, real(fd, data, size, offset), -1) \
  }
#define PWRITEV(name, offset_t) \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_t offset) { \
    REAL(name) MOVES(on_fd("pwritev", fd), count, real(fd, parts, count, offset), -1) \
  }
#define SENDFILE(name, offset_t) \
  ssize_t name(int to, int from, offset_t *offset, size_t size) { \
    REAL(name) MOVES(on_fd("sendfile", to), size, real(to, from, offset, size), -1) \
  }
#define SYNC(name) \
  int name(int fd) { \
    REAL(name) WHOLE(on_fd(#name, fd), real(fd), -1) \
  }
#define FTRUNCATE(name, offset_t) \
  int name(int fd, offset_t size) { \
    REAL(name) WHOLE(on_fd("truncate", fd), real(fd, size), -1) \
  }
#define TRUNCATE(name, offset_t) \
  int name(const char *path, offset_t size) { \
    REAL(name) WHOLE(on_path("truncate", AT_FDCWD, path), real(path, size), -1) \
  }
#define ON_PATH(name, call) \
  int name(const char *path) { \
    REAL(name) WHOLE(on_path(call, AT_FDCWD, path), real(path), -1) \
  }
#define PAIR(name, call) \
  int name(const char *old, const char *new) { \
    REAL(name) WHOLE(on_two(call, AT_FDCWD, old, AT_FDCWD, new), real(old, new), -1) \
  }

ssize_t sendfile(int, int, off_t *, size_t);
ssize_t sendfile64(int, int, off64_t *, size_t);

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)
CREAT(creat)
CREAT(creat64)
FOPEN(fopen)
FOPEN(fopen64)
WRITE(write)
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)
SYNC(fsync)
SYNC(fdatasync)
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)
TRUNCATE(truncate, off_t)
TRUNCATE(truncate64, off64_t)
ON_PATH(unlink, "unlink")
ON_PATH(remove, "unlink")
ON_PATH(rmdir, "rmdir")
PAIR(rename, "rename")
PAIR(link, "link")
PAIR(symlink, "link")

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev) MOVES(on_fd("writev", fd), count, real(fd, parts, count), -1)
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
  REAL(fwrite)
  int before = errno, fd = fileno(file);
  errno = before;
  MOVES(fd < 0 ? PASS : on_fd("write", fd), count, real(data, size, count, file), 0)
}

ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *offset, size_t size, unsigned flags) {
  REAL(copy_file_range) MOVES(on_fd("sendfile", to), size, real(from, start, to, offset, size, flags), -1)
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir) WHOLE(on_path("mkdir", AT_FDCWD, path), real(path, mode), -1)
}

int mkdirat(int folder, const char *path, mode_t mode) {
  REAL(mkdirat) WHOLE(on_path("mkdir", folder, path), real(folder, path, mode), -1)
}

int unlinkat(int folder, const char *path, int flags) {
  REAL(unlinkat)
  WHOLE(on_path(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, path), real(folder, path, flags), -1)
}

int renameat(int from, const char *old, int to, const char *new) {
  REAL(renameat) WHOLE(on_two("rename", from, old, to, new), real(from, old, to, new), -1)
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  REAL(renameat2) WHOLE(on_two("rename", from, old, to, new), real(from, old, to, new, flags), -1)
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  REAL(linkat) WHOLE(on_two("link", from, old, to, new), real(from, old, to, new, flags), -1)
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  REAL(posix_fallocate) WHOLE(on_fd("write", fd), real(fd, offset, size), errno)
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  REAL(fallocate) WHOLE(on_fd("write", fd), real(fd, mode, offset, size), -1)
}
