// The program: runs files, and shows what the stages make of them.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "repl/check.h"
#include "repl/dump.h"
#include "repl/run.h"

namespace {

constexpr const char* kUsage =
    "usage: tsvm [option] ... [-c code | -m module | file | -] [arg] ...\n"
    "       tsvm dump tokens|ast|ir|bytecode|asm file [--fn=NAME] [--pass=NAME]\n"
    "       tsvm dump kernel file [--fn=NAME] [--asm|--cuda]\n"
    "       tsvm check [--json] file ...\n"
    "Runs Torch Script and Python model scripts; without a program, a terminal gets a prompt.\n"
    "  -c code          the program is the text `code`\n"
    "  -m module        the program is a module (or a package's __main__) of the current folder\n"
    "  file             the program is read from `file`\n"
    "  -                the program is read from the standard input\n"
    "  -i               the prompt comes behind the program\n"
    "  --jit=MODE       native code: on (the default), off, or force (from the first call on)\n"
    "  --perf-map       the names of native functions are written to /tmp/perf-PID.map, for perf\n"
    "  --no-fuse        tensor operators are not fused\n"
    "  --no-passes      the intermediate code is not optimised\n"
    "  --version        show the version and exit\n"
    "  --help           show this text and exit\n"
    "What follows the program goes to sys.argv.\n";

int usage_error(const std::string& message) {
  std::fprintf(stderr, "tsvm: %s\n%s", message.c_str(), kUsage);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tsvm;
  using Source = repl::RunOptions::Source;
  std::signal(SIGPIPE, SIG_IGN);
  repl::RunOptions options;
  options.vm.executable = argv[0];
  std::vector<std::string> args(argv + 1, argv + argc);
  if (!args.empty() && args[0] == "dump") {
    args.erase(args.begin());
    return repl::dump_command(args);
  }
  if (!args.empty() && args[0] == "check") {
    args.erase(args.begin());
    return repl::check_command(args);
  }
  size_t i = 0;
  bool has_program = false;
  for (; i < args.size() && !has_program; i++) {
    const std::string& a = args[i];
    if (a == "--help" || a == "-h") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (a == "--version" || a == "-V") {
      std::printf("tsvm %s\n", TSVM_VERSION);
      return 0;
    }
    if (a.starts_with("--jit=")) {
      std::string mode = a.substr(6);
      if (mode == "on")
        options.vm.jit_mode = vm::JitMode::On;
      else if (mode == "off")
        options.vm.jit_mode = vm::JitMode::Off;
      else if (mode == "force")
        options.vm.jit_mode = vm::JitMode::Force;
      else
        return usage_error("--jit is on, off or force, not '" + mode + "'");
    } else if (a == "--perf-map") {
      options.scalar.perf_map = true;
    } else if (a == "--no-fuse") {
      options.vm.fuse = false;
    } else if (a == "--no-passes") {
      options.vm.passes = false;
    } else if (a == "-i") {
      options.interactive = true;
    } else if (a == "-c") {
      if (++i == args.size()) return usage_error("-c needs the text of a program");
      options.source = Source::Text;
      options.program = args[i];
      has_program = true;
    } else if (a == "-m") {
      if (++i == args.size()) return usage_error("-m needs the name of a module");
      options.source = Source::File;
      options.program = args[i];
      options.is_module = has_program = true;
    } else if (a == "-") {
      options.source = Source::Input;
      has_program = true;
    } else if (a.size() > 1 && a[0] == '-') {
      return usage_error("unknown option " + a);
    } else {
      options.source = Source::File;
      options.program = a;
      has_program = true;
    }
  }
  if (!has_program) {
    options.source = options.interactive || ::isatty(0) ? Source::Terminal : Source::Input;
  }
  options.args.assign(args.begin() + static_cast<ptrdiff_t>(i), args.end());
  return repl::run_program(options);
}
