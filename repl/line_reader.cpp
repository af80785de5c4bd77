#include "repl/line_reader.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#include "vm/make.h"
#include "vm/runtime.h"
#include "vm/types/file.h"

namespace tsvm::repl {

namespace {

using vm::Ref;
using vm::Value;
using vm::VM;

constexpr int kHistoryLines = 1000;

/// The parts of readline's interface that are used.
struct Readline {
  void (*callback_handler_install)(const char* prompt, void (*handler)(char*));
  void (*callback_handler_remove)();
  void (*callback_read_char)();
  void (*free_line_state)();
  void (*callback_sigcleanup)();
  void (*cleanup_after_signal)();
  void (*using_history)();
  void (*add_history)(const char* line);
  int (*read_history)(const char* file);
  int (*append_history)(int count, const char* file);
  int (*history_truncate_file)(const char* file, int lines);
  void (*stifle_history)(int lines);
  char** (*completion_matches)(const char* text, char* (*generator)(const char* text, int state));
  int (*insert_text)(const char* text);
  char** (**attempted_completion_function)(const char* text, int start, int end);
  int* attempted_completion_over;
  int* completion_append_character;
  int* catch_signals;
  const char** completer_word_break_characters;
  char** line_buffer;
  const char** readline_name;
  bool ok = false;

  Readline() {
    void* library = dlopen("libreadline.so.8", RTLD_LAZY | RTLD_GLOBAL);
    if (!library) return;
    ok = true;
    auto find = [&](auto& to, const char* name) {
      to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(dlsym(library, name));
      ok = ok && to;
    };
    find(callback_handler_install, "rl_callback_handler_install");
    find(callback_handler_remove, "rl_callback_handler_remove");
    find(callback_read_char, "rl_callback_read_char");
    find(free_line_state, "rl_free_line_state");
    find(callback_sigcleanup, "rl_callback_sigcleanup");
    find(cleanup_after_signal, "rl_cleanup_after_signal");
    find(using_history, "using_history");
    find(add_history, "add_history");
    find(read_history, "read_history");
    find(append_history, "append_history");
    find(history_truncate_file, "history_truncate_file");
    find(stifle_history, "stifle_history");
    find(completion_matches, "rl_completion_matches");
    find(insert_text, "rl_insert_text");
    find(attempted_completion_function, "rl_attempted_completion_function");
    find(attempted_completion_over, "rl_attempted_completion_over");
    find(completion_append_character, "rl_completion_append_character");
    find(catch_signals, "rl_catch_signals");
    find(completer_word_break_characters, "rl_completer_word_break_characters");
    find(line_buffer, "rl_line_buffer");
    find(readline_name, "rl_readline_name");
  }
};

const Readline& readline() {
  static const Readline library;
  return library;
}

// readline calls back without an argument: what it is asked for at the moment.
VM* current_vm = nullptr;
bool line_done = false;
char* line_text = nullptr;
std::vector<std::string> matches;

extern "C" void take_line(char* line) {
  line_text = line;
  line_done = true;
  readline().callback_handler_remove();
}

void add_matches(Value names, const std::string& prefix, std::string_view begin) {
  if (!vm::is_kind(names, vm::Kind::List)) return;
  auto* list = vm::as<vm::List>(names);
  for (uint64_t i = 0; i < list->size; i++) {
    Ref name(vm::list_get(list, i));
    if (!vm::is_str(*name)) continue;
    std::string_view text = vm::text_of(*name);
    if (!text.starts_with(begin) || (begin.empty() && text.starts_with("_"))) continue;
    matches.push_back(prefix + std::string(text));
  }
}

void add_keys(vm::Dict* d, std::string_view begin) {
  uint32_t position = 0;
  while (vm::DictEntry* e = vm::dict_next(d, position))
    if (vm::is_str(e->key) && vm::text_of(e->key).starts_with(begin) &&
        !(begin.empty() && vm::text_of(e->key).starts_with("_")))
      matches.emplace_back(vm::text_of(e->key));
}

/// All names, or attributes of a dotted name, that begin with `text`. Only names and attributes are looked up: nothing
/// is called but what properties do.
void find_matches(VM& vm, std::string_view text) {
  matches.clear();
  Value main = vm::dict_get_borrow(vm.modules, vm.names.main);
  if (!vm::is_kind(main, vm::Kind::Module)) return;
  vm::Dict* globals = vm::as<vm::Module>(main)->dict;
  size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) {
    static const char* const kKeywords[] = {
        "False",  "None",     "True",   "and",     "as",   "assert", "break",  "class", "continue", "def",  "del",
        "elif",   "else",     "except", "finally", "for",  "from",   "global", "if",    "import",   "in",   "is",
        "lambda", "nonlocal", "not",    "or",      "pass", "raise",  "return", "try",   "while",    "with", "yield"};
    for (const char* k : kKeywords)
      if (std::string_view(k).starts_with(text)) matches.emplace_back(k);
    add_keys(globals, text);
    add_keys(vm.builtins, text);
  } else {
    std::string_view path = text.substr(0, dot);
    Ref object;
    for (size_t from = 0; from <= path.size();) {
      size_t to = std::min(path.find('.', from), path.size());
      Ref name(Value::object(vm.intern(path.substr(from, to - from))));
      if (from == 0) {
        Value v = vm::dict_get_borrow(globals, vm::as<vm::Str>(*name));
        if (v.is_unbound()) v = vm::dict_get_borrow(vm.builtins, vm::as<vm::Str>(*name));
        object = Ref::copy(v);
      } else {
        object = Ref(vm::get_attr_or_unbound(vm, *object, vm::as<vm::Str>(*name)));
      }
      if (object.is_error()) vm::clear_pending(vm);
      if (object.is_error() || object->is_unbound()) return;
      from = to + 1;
    }
    Value dir = vm::dict_get_borrow(vm.builtins, vm.name("dir"));
    Ref names(vm::call(vm, dir, {*object}));
    if (names.is_error()) vm::clear_pending(vm);
    add_matches(*names, std::string(path) + ".", text.substr(dot + 1));
  }
  std::sort(matches.begin(), matches.end());
  matches.erase(std::unique(matches.begin(), matches.end()), matches.end());
}

extern "C" char* next_match(const char*, int state) {
  static size_t at = 0;
  if (state == 0) at = 0;
  return at < matches.size() ? strdup(matches[at++].c_str()) : nullptr;
}

extern "C" char** complete(const char* text, int, int) {
  *readline().attempted_completion_over = 1;
  *readline().completion_append_character = 0;
  if (!current_vm) return nullptr;
  const char* line = *readline().line_buffer;
  if (std::strspn(line, " \t") == std::strlen(line)) {  // a tab in front of a line indents it
    readline().insert_text("    ");
    return nullptr;
  }
  find_matches(*current_vm, text);
  return matches.empty() ? nullptr : readline().completion_matches(text, next_match);
}

}  // namespace

LineReader::LineReader(VM& vm) : vm_(vm) {
  if (!::isatty(0) || !::isatty(1) || !readline().ok) return;
  has_readline_ = true;
  const Readline& r = readline();
  *r.readline_name = "tsvm";
  *r.catch_signals = 0;
  *r.attempted_completion_function = complete;
  *r.completer_word_break_characters = " \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?";
  r.using_history();
  r.stifle_history(kHistoryLines);
  const char* file = std::getenv("TSVM_HISTORY");
  const char* home = std::getenv("HOME");
  if (file)
    history_file_ = file;
  else if (home)
    history_file_ = std::string(home) + "/.tsvm_history";
  if (history_file_.empty()) return;
  if (r.read_history(history_file_.c_str()) == ENOENT) {
    int fd = ::open(history_file_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
  }
}

LineReader::~LineReader() {
  if (has_readline_ && !history_file_.empty()) readline().history_truncate_file(history_file_.c_str(), kHistoryLines);
}

LineResult LineReader::read_plain(const std::string& prompt, std::string& line) {
  Ref out(vm::standard_stream(vm_, 1));
  if (out.is_error() || (!out->is_none() && !vm::write_text(vm_, *out, prompt)) || !vm::flush_standard_streams(vm_))
    return LineResult::Failed;
  Ref in(vm::standard_stream(vm_, 0));
  Ref text(in.is_error() ? Value::error() : vm::call_method(vm_, *in, "readline"));
  if (text.is_error()) {
    if (!vm::clear_pending_if(vm_, vm_.types.KeyboardInterrupt)) return LineResult::Failed;
    return LineResult::Interrupted;
  }
  if (!vm::is_str(*text) || vm::text_of(*text).empty()) return LineResult::End;
  line = vm::text_of(*text);
  if (line.ends_with('\n')) line.pop_back();
  return LineResult::Line;
}

namespace {

/// Ctrl-C is let in only while ppoll waits: one that came between the look at the flag and the wait would be lost.
struct InterruptsHeld {
  sigset_t before;
  InterruptsHeld() {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  }
  ~InterruptsHeld() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
};

}  // namespace

LineResult LineReader::read(const std::string& prompt, std::string& line) {
  if (!has_readline_) return read_plain(prompt, line);
  const Readline& r = readline();
  current_vm = &vm_;
  line_done = false;
  line_text = nullptr;
  const InterruptsHeld held;
  r.callback_handler_install(prompt.c_str(), take_line);
  while (!line_done) {
    pollfd input{0, POLLIN, 0};
    const int ready = vm_.interrupted ? 0 : ::ppoll(&input, 1, nullptr, &held.before);
    if (vm_.interrupted && !vm::handle_interrupt(vm_)) {
      bool stop = vm::clear_pending_if(vm_, vm_.types.KeyboardInterrupt);
      r.free_line_state();
      r.callback_sigcleanup();
      r.cleanup_after_signal();
      r.callback_handler_remove();
      current_vm = nullptr;
      return stop ? LineResult::Interrupted : LineResult::Failed;
    }
    if (ready > 0) r.callback_read_char();
    if (ready < 0 && errno != EINTR) break;
  }
  current_vm = nullptr;
  if (!line_text) return LineResult::End;
  line = line_text;
  std::free(line_text);
  if (line.find_first_not_of(" \t") != std::string::npos) {
    r.add_history(line.c_str());
    if (!history_file_.empty()) r.append_history(1, history_file_.c_str());
  }
  return LineResult::Line;
}

}  // namespace tsvm::repl
