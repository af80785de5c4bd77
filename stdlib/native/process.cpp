// `_process`: starting programs and copies of this one, and talking to them through pipes.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "stdlib/native/modules.h"
#include "stdlib/native/torch/values.h"
#include "vm/native.h"
#include "vm/types/file.h"

extern char** environ;

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

bool paths(VM& vm, Value list, std::vector<std::string>& out) {
  return for_each(vm, list, [&](Value item) {
    out.emplace_back();
    return arg_path(vm, item, out.back());
  });
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& t : texts) out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

// spawn(program, args, environment or None, folder or None, stdin, stdout, stderr, new session): the process's number.
// A descriptor of -1 is inherited.
Value spawn(VM& vm, const Value* a) {
  std::string program, folder;
  std::vector<std::string> args, environment;
  int64_t fds[3];
  if (!arg_path(vm, a[0], program) || !paths(vm, a[1], args)) return Value::error();
  if (!a[2].is_none() && !paths(vm, a[2], environment)) return Value::error();
  if (!a[3].is_none() && !arg_path(vm, a[3], folder)) return Value::error();
  for (int i = 0; i < 3; i++)
    if (!arg_int(vm, a[4 + i], fds[i])) return Value::error();
  if (!flush_standard_streams(vm)) return Value::error();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; i++)
    if (fds[i] >= 0) posix_spawn_file_actions_adddup2(&actions, static_cast<int>(fds[i]), i);
  if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  short flags = POSIX_SPAWN_SETSIGDEF;
  if (truth(vm, a[7]) == 1) flags |= POSIX_SPAWN_SETSID;
  posix_spawnattr_setflags(&attributes, flags);
  std::vector<char*> argv = pointers(args), envp = pointers(environment);
  pid_t pid = 0;
  int error =
      posix_spawnp(&pid, program.c_str(), &actions, &attributes, argv.data(), a[2].is_none() ? environ : envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error) return raise_os_error(vm, error, !folder.empty() && access(folder.c_str(), X_OK) != 0 ? folder : program);
  return Value::integer(pid);
}

// A moment so many seconds from now (negative: never), for poll(), which looks up now and then for Ctrl-C.
class Deadline {
 public:
  explicit Deadline(double seconds)
      : is_set_(seconds >= 0),
        end_(Clock::now() +
             std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::max(seconds, 0.0)))) {}
  bool is_over() const { return is_set_ && Clock::now() >= end_; }
  /// Milliseconds that poll() may wait.
  int wait() const {
    constexpr int64_t kLook = 200;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()).count();
    return static_cast<int>(is_set_ ? std::clamp<int64_t>(left, 0, kLook) : kLook);
  }

 private:
  using Clock = std::chrono::steady_clock;
  bool is_set_;
  Clock::time_point end_;
};

// communicate(stdin, data, stdout, stderr, seconds): (out, err, timed out). Descriptors of -1 are not there; all are
// closed at the end.
Value communicate(VM& vm, const Value* a) {
  int64_t in, out, err;
  std::string_view data;
  double seconds = -1;
  if (!arg_int(vm, a[0], in) || !arg_bytes(vm, a[1], data) || !arg_int(vm, a[2], out) || !arg_int(vm, a[3], err))
    return Value::error();
  if (!a[4].is_none() && !arg_double(vm, a[4], seconds)) return Value::error();
  const Deadline deadline(seconds);
  std::string texts[2];
  pollfd fds[3] = {
      {static_cast<int>(in), POLLOUT, 0}, {static_cast<int>(out), POLLIN, 0}, {static_cast<int>(err), POLLIN, 0}};
  if (in >= 0) fcntl(static_cast<int>(in), F_SETFL, O_NONBLOCK);
  auto shut = [&](pollfd& f) {
    close(f.fd);
    f.fd = -1;
  };
  size_t sent = 0;
  if (in >= 0 && data.empty()) shut(fds[0]);
  bool timed_out = false;
  while (fds[0].fd >= 0 || fds[1].fd >= 0 || fds[2].fd >= 0) {
    if (deadline.is_over()) {
      timed_out = true;
      break;
    }
    int ready = poll(fds, 3, deadline.wait());
    if (vm.interrupted && !handle_interrupt(vm)) {
      for (pollfd& f : fds)
        if (f.fd >= 0) shut(f);
      return Value::error();
    }
    if (ready <= 0) continue;
    if (fds[0].fd >= 0 && fds[0].revents) {
      ssize_t n = write(fds[0].fd, data.data() + sent, data.size() - sent);
      if (n > 0) sent += static_cast<size_t>(n);
      if ((n < 0 && errno != EAGAIN && errno != EINTR) || sent == data.size()) shut(fds[0]);
    }
    for (int i = 1; i < 3; i++) {
      if (fds[i].fd < 0 || !fds[i].revents) continue;
      char buffer[1 << 16];
      ssize_t n = read(fds[i].fd, buffer, sizeof buffer);
      if (n > 0)
        texts[i - 1].append(buffer, static_cast<size_t>(n));
      else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        shut(fds[i]);
    }
  }
  for (pollfd& f : fds)
    if (f.fd >= 0) shut(f);
  Ref o(make_bytes(vm, texts[0])), e(make_bytes(vm, texts[1]));
  return make_tuple(vm, {*o, *e, Value::boolean(timed_out)});
}

// A message is its length in eight bytes, then itself.
struct Arriving {
  uint64_t size = 0;
  size_t got = 0;  // of the length, too
  Ref bytes;

  bool is_whole() const { return got >= sizeof size && got - sizeof size == size; }

  /// Reads once. Bytes read; 0 at the end of the stream, -1 with errno.
  ssize_t read_some(VM& vm, int fd) {
    if (got < sizeof size) {
      ssize_t n = read(fd, reinterpret_cast<char*>(&size) + got, sizeof size - got);
      if (n > 0) got += static_cast<size_t>(n);
      if (got == sizeof size) bytes = Ref(new_bytes(vm, size));
      return n;
    }
    size_t at = got - sizeof size;
    ssize_t n = read(fd, const_cast<char*>(bytes_of(*bytes).data()) + at, size - at);
    if (n > 0) got += static_cast<size_t>(n);
    return n;
  }
};

// The bytes of a bytes object, or the memory of a contiguous tensor of the CPU.
bool arg_memory(VM& vm, Value v, std::span<char>& out) {
  if (v.tag == Tag::Tensor) {
    const ops::Tensor& t = unpack_tensor(v);
    if (!t.is_contiguous() || t->device().type != ops::DeviceType::Cpu)
      return fail(vm, vm.types.TypeError, "expected a contiguous tensor of the CPU");
    out = {static_cast<char*>(t.data()), static_cast<size_t>(t.numel()) * ops::item_size(t.dtype())};
    return true;
  }
  std::string_view bytes;
  if (!arg_bytes(vm, v, bytes)) return false;
  out = {const_cast<char*>(bytes.data()), bytes.size()};
  return true;
}

// receive_into(fd, tensor): fills the tensor's memory. EOFError: the other side is gone.
Value receive_into(VM& vm, const Value* a) {
  int64_t fd;
  std::span<char> memory;
  if (!arg_int(vm, a[0], fd) || !arg_memory(vm, a[1], memory)) return Value::error();
  while (!memory.empty()) {
    ssize_t n = read(static_cast<int>(fd), memory.data(), memory.size());
    if (n == 0) return raise(vm, vm.types.EOFError, "the other end is closed");
    if (n < 0 && errno != EINTR) return raise_os_error(vm, errno);
    if (vm.interrupted && !handle_interrupt(vm)) return Value::error();
    if (n > 0) memory = memory.subspan(static_cast<size_t>(n));
  }
  return Value::none();
}

// exchange(out, data, in, seconds): (message, bytes of data written). Waits for a message from `in`, at most `seconds`
// (None: for ever) for its beginning, and goes on writing `data` to `out` meanwhile, so that two who write to each
// other both get on; `out` does not block. The message is None when none began in time. Without `in` (-1) it waits
// until all is written, or writes what fits at once when there are seconds. EOFError, BrokenPipeError: the other side
// is gone.
Value exchange(VM& vm, const Value* a) {
  int64_t out, in;
  std::span<char> data;
  double seconds = -1;
  if (!arg_int(vm, a[0], out) || !arg_memory(vm, a[1], data) || !arg_int(vm, a[2], in)) return Value::error();
  if (!a[3].is_none() && !arg_double(vm, a[3], seconds)) return Value::error();
  const Deadline deadline(seconds);
  pollfd fds[2] = {{static_cast<int>(out), POLLOUT, 0}, {static_cast<int>(in), POLLIN, 0}};
  size_t sent = 0;
  Arriving message;
  for (;;) {
    if (sent == data.size()) fds[0].fd = -1;
    if (in < 0 ? fds[0].fd < 0 : message.is_whole()) break;
    int ready = poll(fds, 2, deadline.wait());
    if (vm.interrupted && !handle_interrupt(vm)) return Value::error();
    if (ready <= 0) {
      if (message.got == 0 && deadline.is_over()) break;
      continue;
    }
    if (fds[0].fd >= 0 && fds[0].revents) {
      ssize_t n = write(fds[0].fd, data.data() + sent, data.size() - sent);
      if (n < 0 && errno != EAGAIN && errno != EINTR) return raise_os_error(vm, errno);
      if (n > 0) sent += static_cast<size_t>(n);
    }
    if (in >= 0 && fds[1].revents) {
      ssize_t n = message.read_some(vm, fds[1].fd);
      if (n == 0) return raise(vm, vm.types.EOFError, "the other end is closed");
      if (n < 0 && errno != EAGAIN && errno != EINTR) return raise_os_error(vm, errno);
    }
  }
  return make_tuple(vm,
                    {message.is_whole() ? *message.bytes : Value::none(), Value::integer(static_cast<int64_t>(sent))});
}

// readable(descriptors, seconds): the places in the list of those that can be read (or are at their end) at once, or
// within so many seconds (None: for ever).
Value readable(VM& vm, const Value* a) {
  std::vector<pollfd> fds;
  double seconds = -1;
  bool good = for_each(vm, a[0], [&](Value item) {
    int64_t fd;
    if (!arg_int(vm, item, fd)) return false;
    fds.push_back({static_cast<int>(fd), POLLIN, 0});
    return true;
  });
  if (!good || (!a[1].is_none() && !arg_double(vm, a[1], seconds))) return Value::error();
  const Deadline deadline(seconds);
  for (;;) {
    int ready = poll(fds.data(), fds.size(), deadline.wait());
    if (vm.interrupted && !handle_interrupt(vm)) return Value::error();
    if (ready < 0 && errno != EINTR) return raise_os_error(vm, errno);
    if (ready > 0 || deadline.is_over()) break;
  }
  Ref list(make_list(vm));
  for (size_t i = 0; i < fds.size(); i++)
    if (fds[i].revents) list_append(vm, as<List>(*list), Value::integer(static_cast<int64_t>(i)));
  return list.take();
}

// waiting(fd): the bytes that can be read at once.
Value waiting(VM& vm, const Value* a) {
  int64_t fd;
  int n = 0;
  if (!arg_int(vm, a[0], fd)) return Value::error();
  return ioctl(static_cast<int>(fd), FIONREAD, &n) < 0 ? raise_os_error(vm, errno) : Value::integer(n);
}

Value stat_of_files(VM& vm, const Value* a) {
  std::string path;
  if (!arg_path(vm, a[0], path)) return Value::error();
  struct statvfs s;
  if (statvfs(path.c_str(), &s) < 0) return raise_os_error(vm, errno, path);
  auto n = [](auto i) { return Value::integer(static_cast<int64_t>(i)); };
  return make_tuple(vm, {n(s.f_bsize), n(s.f_frsize), n(s.f_blocks), n(s.f_bfree), n(s.f_bavail), n(s.f_files),
                         n(s.f_ffree), n(s.f_favail), n(s.f_flag), n(s.f_namemax)});
}

bool descriptor(VM& vm, Value v, int& out) {
  int64_t n;
  if (!arg_int(vm, v, n)) return false;
  out = static_cast<int>(n);
  return true;
}

// execv(path, args): gives only errors.
Value become(VM& vm, const Value* a) {
  std::string program;
  std::vector<std::string> args;
  if (!arg_path(vm, a[0], program) || !paths(vm, a[1], args)) return Value::error();
  if (args.empty()) return raise(vm, vm.types.ValueError, "execv() arg 2 must not be empty");
  if (!flush_standard_streams(vm)) return Value::error();
  execv(program.c_str(), pointers(args).data());
  return raise_os_error(vm, errno, program);
}

Value processors(VM& vm, const Value* a) {
  int64_t pid;
  cpu_set_t set;
  if (!arg_int(vm, a[0], pid)) return Value::error();
  if (sched_getaffinity(static_cast<pid_t>(pid), sizeof set, &set) < 0) return raise_os_error(vm, errno);
  Ref out(make_list(vm));
  for (int i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &set)) list_append(vm, as<List>(*out), Value::integer(i));
  return call(vm, Value::object(vm.types.set), {*out});
}

const NativeDef kFunctions[] = {
    {"dup(fd, /)",
     [](VM& vm, const Value* a) {
       int fd;
       if (!descriptor(vm, a[0], fd)) return Value::error();
       int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
       return copy < 0 ? raise_os_error(vm, errno) : Value::integer(copy);
     }},
    {"dup2(fd, fd2, inheritable=True)",
     [](VM& vm, const Value* a) {
       int fd, onto;
       if (!descriptor(vm, a[0], fd) || !descriptor(vm, a[1], onto)) return Value::error();
       return dup2(fd, onto) < 0 ? raise_os_error(vm, errno) : Value::integer(onto);
     }},
    {"lseek(fd, position, whence, /)",
     [](VM& vm, const Value* a) {
       int fd, whence;
       int64_t position;
       if (!descriptor(vm, a[0], fd) || !arg_int(vm, a[1], position) || !descriptor(vm, a[2], whence))
         return Value::error();
       off_t at = lseek(fd, position, whence);
       return at < 0 ? raise_os_error(vm, errno) : Value::integer(at);
     }},
    {"isatty(fd, /)",
     [](VM& vm, const Value* a) {
       int fd;
       return descriptor(vm, a[0], fd) ? Value::boolean(isatty(fd) != 0) : Value::error();
     }},
    {"getgid()", [](VM&, const Value*) { return Value::integer(getgid()); }},
    {"getegid()", [](VM&, const Value*) { return Value::integer(getegid()); }},
    {"geteuid()", [](VM&, const Value*) { return Value::integer(geteuid()); }},
    {"getloadavg()",
     [](VM& vm, const Value*) {
       double load[3];
       if (getloadavg(load, 3) != 3) return raise(vm, vm.types.OSError, "Load averages are unobtainable");
       return make_tuple(vm, {Value::number(load[0]), Value::number(load[1]), Value::number(load[2])});
     }},
    {"sched_getaffinity(pid, /)", processors},
    {"execv(path, args, /)", become},
    {"spawn(program, args, environment, folder, stdin, stdout, stderr, session, /)", spawn},
    {"communicate(stdin, data, stdout, stderr, seconds, /)", communicate},
    {"receive_into(fd, tensor, /)", receive_into},
    {"readable(descriptors, seconds, /)", readable},
    {"waiting(fd, /)", waiting},
    {"exchange(out, data, in_, seconds, /)", exchange},
    {"statvfs(path, /)", stat_of_files},
};

}  // namespace

Value make_process(VM& vm) {
  ModuleBuilder m(vm, "_process");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib
