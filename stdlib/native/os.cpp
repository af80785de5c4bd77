// `_os`: system calls behind os and os.path.
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "ops/cpu/parallel.h"
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/threads.h"
#include "vm/types/file.h"

extern char** environ;

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

/// fn(path) as a system call that gives -1 on error.
template <class Fn>
Value on_path(VM& vm, Value v, Fn fn) {
  std::string path;
  if (!arg_path(vm, v, path)) return Value::error();
  if (path.find('\0') != std::string::npos) return raise(vm, vm.types.ValueError, "embedded null byte");
  return fn(path.c_str()) < 0 ? raise_os_error(vm, errno, path) : Value::none();
}

template <class Fn>
Value on_two_paths(VM& vm, const Value* a, Fn fn) {
  std::string from, to;
  if (!arg_path(vm, a[0], from) || !arg_path(vm, a[1], to)) return Value::error();
  if (fn(from.c_str(), to.c_str()) >= 0) return Value::none();
  Ref text(make_str(vm, std::strerror(errno))), first(make_str(vm, from)), second(make_str(vm, to));
  Value args[] = {Value::integer(errno), *text, *first, Value::none(), *second};
  Ref e(make_exception(vm, vm.types.OSError, args));
  return raise_value(vm, *e);
}

double seconds(const timespec& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9; }

/// st_mode, st_ino ... as a tuple: os.stat_result is made of it in the language.
Value stat_tuple(VM& vm, const Value* a) {
  struct stat s;
  int r;
  if (is_integer(a[0])) {
    int64_t fd;
    if (!arg_int(vm, a[0], fd)) return Value::error();
    r = fstat(static_cast<int>(fd), &s);
    if (r < 0) return raise_os_error(vm, errno);
  } else {
    std::string path;
    if (!arg_path(vm, a[0], path)) return Value::error();
    if (path.find('\0') != std::string::npos) return raise(vm, vm.types.ValueError, "embedded null byte");
    r = truth(vm, a[1]) ? stat(path.c_str(), &s) : lstat(path.c_str(), &s);
    if (r < 0) return raise_os_error(vm, errno, path);
  }
  auto n = [](auto i) { return Value::integer(static_cast<int64_t>(i)); };
  return make_tuple(
      vm, {n(s.st_mode), n(s.st_ino), n(s.st_dev), n(s.st_nlink), n(s.st_uid), n(s.st_gid), n(s.st_size),
           Value::number(seconds(s.st_atim)), Value::number(seconds(s.st_mtim)), Value::number(seconds(s.st_ctim))});
}

/// (name, type) pairs of a folder, in the system's order; type: 'd', 'f', 'l' or '?'.
Value entries(VM& vm, const Value* a) {
  std::string path;
  if (!arg_path(vm, a[0], path)) return Value::error();
  DIR* dir = opendir(path.c_str());
  if (!dir) return raise_os_error(vm, errno, path);
  Ref list(make_list(vm));
  while (dirent* e = readdir(dir)) {
    std::string_view name = e->d_name;
    if (name == "." || name == "..") continue;
    const char* type = e->d_type == DT_DIR ? "d" : e->d_type == DT_REG ? "f" : e->d_type == DT_LNK ? "l" : "?";
    Ref n(make_str(vm, name)), t(make_ascii(vm, type));
    Ref pair(make_tuple(vm, {*n, *t}));
    list_append(vm, as<List>(*list), *pair);
  }
  closedir(dir);
  return list.take();
}

Value environment(VM& vm, const Value*) {
  Ref d(make_dict(vm));
  for (char** e = environ; *e; e++) {
    std::string_view text = *e;
    size_t eq = text.find('=');
    if (eq == std::string_view::npos) continue;
    Ref key(make_str(vm, text.substr(0, eq))), value(make_str(vm, text.substr(eq + 1)));
    if (!dict_set(vm, as<Dict>(*d), *key, *value)) return Value::error();
  }
  return d.take();
}

Value fs_path(VM& vm, const Value* a) {
  if (is_str(a[0]) || is_kind(a[0], Kind::Bytes)) return new_ref(a[0]);
  Ref method(lookup_special(vm, a[0], vm.name("__fspath__")));
  if (method.is_error()) return Value::error();
  if (method->is_unbound())
    return raise(vm, vm.types.TypeError, "expected str, bytes or os.PathLike object, not %s",
                 type_of(vm, a[0])->name->data);
  Ref path(call(vm, *method, std::span<const Value>()));
  if (path.is_error() || is_str(*path) || is_kind(*path, Kind::Bytes)) return path.take();
  return raise(vm, vm.types.TypeError, "expected %s.__fspath__() to return str or bytes, not %s",
               type_of(vm, a[0])->name->data, type_of(vm, *path)->name->data);
}

bool int_arg(VM& vm, Value v, int& out) {
  int64_t n;
  if (!arg_int(vm, v, n)) return false;
  out = static_cast<int>(n);
  return true;
}

Value result_or_errno(VM& vm, int64_t r) { return r < 0 ? raise_os_error(vm, errno) : Value::integer(r); }

/// What call(memory, size) reads of at most n bytes; it gives -1 on error.
template <class Call>
Value bytes_read(VM& vm, int64_t n, Call call) {
  if (n < 0) return raise_os_error(vm, EINVAL);
  std::string buffer(static_cast<size_t>(n), '\0');
  ssize_t got = call(buffer.data(), buffer.size());
  return got < 0 ? raise_os_error(vm, errno)
                 : make_bytes(vm, std::string_view(buffer).substr(0, static_cast<size_t>(got)));
}

const NativeDef kFunctions[] = {
    {"fspath(path, /)", fs_path},
    {"stat(path, follow=True, /)", stat_tuple},
    {"entries(path, /)", entries},
    {"environ()", environment},
    {"getenv(name, /)",
     [](VM& vm, const Value* a) {
       std::string_view name;
       if (!arg_str(vm, a[0], "getenv() argument 1", name)) return Value::error();
       const char* value = std::getenv(std::string(name).c_str());
       return value ? make_str(vm, value) : Value::none();
     }},
    {"putenv(name, value, /)",
     [](VM& vm, const Value* a) {
       std::string name, value;
       if (!arg_path(vm, a[0], name) || !arg_path(vm, a[1], value)) return Value::error();
       return setenv(name.c_str(), value.c_str(), 1) < 0 ? raise_os_error(vm, errno) : Value::none();
     }},
    {"unsetenv(name, /)", [](VM& vm, const Value* a) { return on_path(vm, a[0], unsetenv); }},
    {"getcwd()",
     [](VM& vm, const Value*) {
       char buffer[PATH_MAX];
       return getcwd(buffer, sizeof buffer) ? make_str(vm, buffer) : raise_os_error(vm, errno);
     }},
    {"chdir(path, /)", [](VM& vm, const Value* a) { return on_path(vm, a[0], chdir); }},
    {"mkdir(path, mode=0o777)",
     [](VM& vm, const Value* a) {
       int mode;
       if (!int_arg(vm, a[1], mode)) return Value::error();
       return on_path(vm, a[0], [&](const char* p) { return mkdir(p, static_cast<mode_t>(mode)); });
     }},
    {"rmdir(path, /)", [](VM& vm, const Value* a) { return on_path(vm, a[0], rmdir); }},
    {"unlink(path, /)", [](VM& vm, const Value* a) { return on_path(vm, a[0], unlink); }},
    {"rename(src, dst, /)", [](VM& vm, const Value* a) { return on_two_paths(vm, a, rename); }},
    {"link(src, dst, /)", [](VM& vm, const Value* a) { return on_two_paths(vm, a, link); }},
    {"symlink(src, dst, /)", [](VM& vm, const Value* a) { return on_two_paths(vm, a, symlink); }},
    {"readlink(path, /)",
     [](VM& vm, const Value* a) {
       std::string path;
       char buffer[PATH_MAX];
       if (!arg_path(vm, a[0], path)) return Value::error();
       ssize_t n = readlink(path.c_str(), buffer, sizeof buffer);
       return n < 0 ? raise_os_error(vm, errno, path) : make_str(vm, std::string_view(buffer, static_cast<size_t>(n)));
     }},
    {"realpath(path, /)",
     [](VM& vm, const Value* a) {
       std::string path;
       char buffer[PATH_MAX];
       if (!arg_path(vm, a[0], path)) return Value::error();
       return realpath(path.c_str(), buffer) ? make_str(vm, buffer) : raise_os_error(vm, errno, path);
     }},
    {"chmod(path, mode, /)",
     [](VM& vm, const Value* a) {
       int mode;
       if (!int_arg(vm, a[1], mode)) return Value::error();
       return on_path(vm, a[0], [&](const char* p) { return chmod(p, static_cast<mode_t>(mode)); });
     }},
    {"access(path, mode, /)",
     [](VM& vm, const Value* a) {
       std::string path;
       int mode;
       if (!arg_path(vm, a[0], path) || !int_arg(vm, a[1], mode)) return Value::error();
       return Value::boolean(access(path.c_str(), mode) == 0);
     }},
    {"utime(path, atime, mtime, /)",
     [](VM& vm, const Value* a) {
       double at, mt;
       if (!arg_double(vm, a[1], at) || !arg_double(vm, a[2], mt)) return Value::error();
       auto spec = [](double d) {
         timespec t;
         t.tv_sec = static_cast<time_t>(__builtin_floor(d));
         t.tv_nsec = static_cast<long>((d - static_cast<double>(t.tv_sec)) * 1e9);
         return t;
       };
       timespec times[2] = {spec(at), spec(mt)};
       return on_path(vm, a[0], [&](const char* p) { return utimensat(AT_FDCWD, p, times, 0); });
     }},
    {"truncate(path, length, /)",
     [](VM& vm, const Value* a) {
       int64_t n;
       if (!arg_int(vm, a[1], n)) return Value::error();
       return on_path(vm, a[0], [&](const char* p) { return truncate(p, n); });
     }},
    {"ftruncate(fd, length, /)",
     [](VM& vm, const Value* a) {
       int fd;
       int64_t n;
       if (!int_arg(vm, a[0], fd) || !arg_int(vm, a[1], n)) return Value::error();
       return ftruncate(fd, n) < 0 ? raise_os_error(vm, errno) : Value::none();
     }},
    {"open(path, flags, mode=0o777, /)",
     [](VM& vm, const Value* a) {
       std::string path;
       int flags, mode;
       if (!arg_path(vm, a[0], path) || !int_arg(vm, a[1], flags) || !int_arg(vm, a[2], mode)) return Value::error();
       int fd = open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode));
       return fd < 0 ? raise_os_error(vm, errno, path) : Value::integer(fd);
     }},
    {"close(fd, /)",
     [](VM& vm, const Value* a) {
       int fd;
       if (!int_arg(vm, a[0], fd)) return Value::error();
       return close(fd) < 0 ? raise_os_error(vm, errno) : Value::none();
     }},
    {"read(fd, size, /)",
     [](VM& vm, const Value* a) {
       int fd;
       int64_t n;
       if (!int_arg(vm, a[0], fd) || !arg_int(vm, a[1], n)) return Value::error();
       return bytes_read(vm, n, [&](char* to, size_t size) { return read(fd, to, size); });
     }},
    {"write(fd, data, /)",
     [](VM& vm, const Value* a) {
       int fd;
       std::string_view data;
       if (!int_arg(vm, a[0], fd) || !arg_bytes(vm, a[1], data)) return Value::error();
       return result_or_errno(vm, write(fd, data.data(), data.size()));
     }},
    {"fsync(fd, /)",
     [](VM& vm, const Value* a) {
       int fd;
       if (!int_arg(vm, a[0], fd)) return Value::error();
       return fsync(fd) < 0 ? raise_os_error(vm, errno) : Value::none();
     }},
    {"pipe()",
     [](VM& vm, const Value*) {
       int fds[2];
       if (pipe2(fds, O_CLOEXEC) < 0) return raise_os_error(vm, errno);
       return make_tuple(vm, {Value::integer(fds[0]), Value::integer(fds[1])});
     }},
    {"set_blocking(fd, blocking, /)",
     [](VM& vm, const Value* a) {
       int fd, blocking = truth(vm, a[1]);
       if (!int_arg(vm, a[0], fd) || blocking < 0) return Value::error();
       int flags = fcntl(fd, F_GETFL);
       if (flags < 0 || fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) < 0)
         return raise_os_error(vm, errno);
       return Value::none();
     }},
    {"pread(fd, n, offset, /)",
     [](VM& vm, const Value* a) {
       int fd;
       int64_t n, offset;
       if (!int_arg(vm, a[0], fd) || !arg_int(vm, a[1], n) || !arg_int(vm, a[2], offset)) return Value::error();
       return bytes_read(vm, n, [&](char* to, size_t size) { return pread(fd, to, size, offset); });
     }},
    {"pwrite(fd, data, offset, /)",
     [](VM& vm, const Value* a) {
       int fd;
       std::string_view data;
       int64_t offset;
       if (!int_arg(vm, a[0], fd) || !arg_bytes(vm, a[1], data) || !arg_int(vm, a[2], offset)) return Value::error();
       return result_or_errno(vm, pwrite(fd, data.data(), data.size(), offset));
     }},
    {"memfd_create(name, flags=1, /)",  // MFD_CLOEXEC
     [](VM& vm, const Value* a) {
       std::string name;
       int flags;
       if (!arg_path(vm, a[0], name) || !int_arg(vm, a[1], flags)) return Value::error();
       return result_or_errno(vm, memfd_create(name.c_str(), static_cast<unsigned>(flags)));
     }},
    // The child has the calling thread alone.
    {"fork()",
     [](VM& vm, const Value*) {
       pid_t pid = fork();
       if (pid == 0) {
         ops::cpu::keep_to_one_thread();
         forget_other_threads(vm);
       }
       return result_or_errno(vm, pid);
     }},
    {"waitpid(pid, options, /)",
     [](VM& vm, const Value* a) {
       int pid, options;
       if (!int_arg(vm, a[0], pid) || !int_arg(vm, a[1], options)) return Value::error();
       int status = 0;
       pid_t got;
       while ((got = waitpid(pid, &status, options)) < 0 && errno == EINTR)
         if (vm.interrupted && !handle_interrupt(vm)) return Value::error();
       return got < 0 ? raise_os_error(vm, errno) : make_tuple(vm, {Value::integer(got), Value::integer(status)});
     }},
    {"waitstatus_to_exitcode(status)",
     [](VM& vm, const Value* a) {
       int status;
       if (!int_arg(vm, a[0], status)) return Value::error();
       if (WIFSIGNALED(status)) return Value::integer(-WTERMSIG(status));
       if (!WIFEXITED(status)) return raise(vm, vm.types.ValueError, "invalid wait status: %d", status);
       return Value::integer(WEXITSTATUS(status));
     }},
    {"getpid()", [](VM&, const Value*) { return Value::integer(getpid()); }},
    {"getppid()", [](VM&, const Value*) { return Value::integer(getppid()); }},
    {"getuid()", [](VM&, const Value*) { return Value::integer(getuid()); }},
    {"umask(mask, /)",
     [](VM& vm, const Value* a) {
       int mask;
       if (!int_arg(vm, a[0], mask)) return Value::error();
       return Value::integer(umask(static_cast<mode_t>(mask)));
     }},
    {"kill(pid, signal, /)",
     [](VM& vm, const Value* a) {
       int pid, signal;
       if (!int_arg(vm, a[0], pid) || !int_arg(vm, a[1], signal)) return Value::error();
       return kill(pid, signal) < 0 ? raise_os_error(vm, errno) : Value::none();
     }},
    {"nice(increment, /)",
     [](VM& vm, const Value* a) {
       int n;
       if (!int_arg(vm, a[0], n)) return Value::error();
       errno = 0;
       int r = nice(n);
       return errno ? raise_os_error(vm, errno) : Value::integer(r);
     }},
    {"system(command, /)",
     [](VM& vm, const Value* a) {
       std::string command;
       if (!arg_path(vm, a[0], command)) return Value::error();
       if (!flush_standard_streams(vm)) return Value::error();
       return Value::integer(std::system(command.c_str()));
     }},
    {"strerror(code, /)",
     [](VM& vm, const Value* a) {
       int code;
       return int_arg(vm, a[0], code) ? make_str(vm, std::strerror(code)) : Value::error();
     }},
    {"urandom(size, /)",
     [](VM& vm, const Value* a) {
       int64_t n;
       if (!arg_int(vm, a[0], n)) return Value::error();
       if (n < 0) return raise(vm, vm.types.ValueError, "negative argument not allowed");
       std::string out(static_cast<size_t>(n), '\0');
       for (size_t at = 0; at < out.size();) {
         ssize_t got = getrandom(out.data() + at, out.size() - at, 0);
         if (got > 0)
           at += static_cast<size_t>(got);
         else if (errno != EINTR)
           return raise_os_error(vm, errno);
       }
       return make_bytes(vm, out);
     }},
    {"cpu_count()",
     [](VM&, const Value*) {
       unsigned n = std::thread::hardware_concurrency();
       return n ? Value::integer(n) : Value::none();
     }},
    {"terminal_size(fd, /)",
     [](VM& vm, const Value* a) {
       int fd;
       winsize size;
       if (!int_arg(vm, a[0], fd)) return Value::error();
       if (ioctl(fd, TIOCGWINSZ, &size) < 0) return raise_os_error(vm, errno);
       return make_tuple(vm, {Value::integer(size.ws_col), Value::integer(size.ws_row)});
     }},
    {"uname()",
     [](VM& vm, const Value*) {
       utsname u;
       if (uname(&u) < 0) return raise_os_error(vm, errno);
       Ref a(make_str(vm, u.sysname)), b(make_str(vm, u.nodename)), c(make_str(vm, u.release)),
           d(make_str(vm, u.version)), e(make_str(vm, u.machine));
       return make_tuple(vm, {*a, *b, *c, *d, *e});
     }},
    {"times()",
     [](VM& vm, const Value*) {
       tms t;
       clock_t now = times(&t);
       double tick = static_cast<double>(sysconf(_SC_CLK_TCK));
       auto s = [&](clock_t c) { return Value::number(static_cast<double>(c) / tick); };
       return make_tuple(vm, {s(t.tms_utime), s(t.tms_stime), s(t.tms_cutime), s(t.tms_cstime), s(now)});
     }},
    {"_exit(status, /)",
     [](VM& vm, const Value* a) {
       int status;
       if (!int_arg(vm, a[0], status)) return Value::error();
       _exit(status);
     }},
    {"abort()", [](VM&, const Value*) -> Value { std::abort(); }},
};

}  // namespace

Value make_os(VM& vm) {
  ModuleBuilder m(vm, "_os");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib
