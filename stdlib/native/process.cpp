// `_process`: starting programs, and talking to them through pipes.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "stdlib/native/modules.h"
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

// waitpid(pid, options): (pid, return code as subprocess has it); (0, 0) when it still runs.
Value wait_for(VM& vm, const Value* a) {
  int64_t pid, options;
  if (!arg_int(vm, a[0], pid) || !arg_int(vm, a[1], options)) return Value::error();
  for (;;) {
    int status = 0;
    pid_t got = waitpid(static_cast<pid_t>(pid), &status, static_cast<int>(options));
    if (got < 0 && errno == EINTR) {
      if (vm.interrupted && !handle_interrupt(vm)) return Value::error();
      continue;
    }
    if (got < 0) return raise_os_error(vm, errno);
    int code = got == 0 ? 0 : WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return make_tuple(vm, {Value::integer(got), Value::integer(code)});
  }
}

// communicate(stdin, data, stdout, stderr, seconds): (out, err, timed out). Descriptors of -1 are not there; all are
// closed at the end.
Value communicate(VM& vm, const Value* a) {
  int64_t in, out, err;
  std::string_view data;
  double seconds = -1;
  if (!arg_int(vm, a[0], in) || !arg_bytes(vm, a[1], data) || !arg_int(vm, a[2], out) || !arg_int(vm, a[3], err))
    return Value::error();
  if (!a[4].is_none() && !arg_double(vm, a[4], seconds)) return Value::error();
  using Clock = std::chrono::steady_clock;
  auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::max(seconds, 0.0)));
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
    int wait = 200;
    if (seconds >= 0) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) {
        timed_out = true;
        break;
      }
      wait = static_cast<int>(std::min<int64_t>(left, wait));
    }
    int ready = poll(fds, 3, wait);
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

Value stat_of_files(VM& vm, const Value* a) {
  std::string path;
  if (!arg_path(vm, a[0], path)) return Value::error();
  struct statvfs s;
  if (statvfs(path.c_str(), &s) < 0) return raise_os_error(vm, errno, path);
  auto n = [](auto i) { return Value::integer(static_cast<int64_t>(i)); };
  return make_tuple(vm, {n(s.f_bsize), n(s.f_frsize), n(s.f_blocks), n(s.f_bfree), n(s.f_bavail), n(s.f_files),
                         n(s.f_ffree), n(s.f_favail), n(s.f_flag), n(s.f_namemax)});
}

const NativeDef kFunctions[] = {
    {"spawn(program, args, environment, folder, stdin, stdout, stderr, session, /)", spawn},
    {"waitpid(pid, options, /)", wait_for},
    {"communicate(stdin, data, stdout, stderr, seconds, /)", communicate},
    {"statvfs(path, /)", stat_of_files},
};

}  // namespace

Value make_process(VM& vm) {
  ModuleBuilder m(vm, "_process");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib
