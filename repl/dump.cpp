#include "repl/dump.h"

#include <fcntl.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "base/arena.h"
#include "ir/emit/emit.h"
#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "lexer/lexer.h"
#include "parser/parser.h"
#include "parser/print.h"
#include "parser/scope.h"
#include "repl/run.h"
#include "vm/lower/lower.h"
#include "vm/modules.h"

namespace tsvm::repl {

namespace {

int wrong(const std::string& message) {
  std::fprintf(stderr, "tsvm dump: %s\n", message.c_str());
  return 2;
}

// --fn=NAME takes the plain or the qualified name.
bool wanted(const ir::Function& f, const std::string& name) {
  return name.empty() || f.name == name || f.qualified_name == name;
}

// Native code is made of what was seen: the program runs, without its output.
int dump_native(const std::string& path, const std::string& function) {
  if (function.empty()) return wrong("asm needs --fn=NAME");
  RunOptions options;
  options.program = path;
  options.scalar.dump = function;
  options.vm.stdout_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  return run_program(options);
}

}  // namespace

int dump_command(const std::vector<std::string>& args) {
  std::string stage, path, function, pass;
  KernelDump kernels;
  for (const std::string& a : args) {
    if (a.starts_with("--fn="))
      function = a.substr(5);
    else if (a.starts_with("--pass="))
      pass = a.substr(7);
    else if (a == "--asm")
      kernels.form = KernelDump::Form::Assembly;
    else if (a == "--cuda")
      kernels.form = KernelDump::Form::Cuda;
    else if (a.starts_with("--"))
      return wrong("unknown option " + a);
    else if (stage.empty())
      stage = a;
    else if (path.empty())
      path = a;
    else
      return wrong("one file only");
  }
  if (stage != "tokens" && stage != "ast" && stage != "ir" && stage != "bytecode" && stage != "asm" &&
      stage != "kernel")
    return wrong("the stage is tokens, ast, ir, bytecode, asm or kernel");
  if (path.empty()) return wrong("the file is missing");
  if (stage == "asm") return dump_native(path, function);
  if (stage == "kernel") {
    kernels.function = function;
    return dump_kernels(path, kernels);
  }
  if (!pass.empty() && pass != "all" && !ir::find_pass(pass)) return wrong("there is no pass " + pass);

  std::string text;
  int error = 0;
  if (!vm::read_file(path, text, error)) return wrong(path + ": " + std::strerror(error));
  auto source = std::make_shared<const SourceFile>(path, std::move(text));
  auto report = [&](const std::vector<Diagnostic>& diagnostics) {
    for (const Diagnostic& d : diagnostics) std::fputs(render(d, *source).c_str(), stderr);
    return diagnostics.empty() ? 0 : 1;
  };
  if (stage == "tokens") {
    if (int status = report(check_encoding(*source))) return status;
    std::fputs(dump_tokens(lex(*source, LexMode::kRecover), *source).c_str(), stdout);
    return 0;
  }
  Arena arena;
  ParseResult tree = parse(*source, arena);
  if (stage == "ast") {
    std::printf("%s\n", dump_ast(tree.module).c_str());
    return report(tree.diagnostics);
  }
  if (!tree.ok()) return report(tree.diagnostics);
  ScopeTree scopes = analyze_scopes(tree, arena);
  if (!scopes.diagnostics.empty()) return report(scopes.diagnostics);
  std::unique_ptr<ir::Module> module = ir::emit_module(tree, scopes, source, path);

  std::string dumped;
  ir::PassOptions options;
  options.dump_pass = pass;
  if (!pass.empty()) options.dump = &dumped;
  if (stage == "ir" && pass.empty() && function.empty()) {
    std::fputs(ir::print(*module).c_str(), stdout);
    return 0;
  }
  for (uint32_t i = 0; i < module->functions.size(); i++) {
    ir::Function& f = *module->functions[i];
    if (!wanted(f, function)) continue;
    if (stage == "ir" && pass.empty()) {
      std::fputs(ir::print(f).c_str(), stdout);
      continue;
    }
    ir::run_passes(f, f.is_typed ? ir::PassLevel::Typed : ir::PassLevel::Generic, options);
    if (stage == "ir") {
      std::fputs(dumped.c_str(), stdout);
      dumped.clear();
      continue;
    }
    vm::LowerResult r = vm::lower(f, i);
    if (!r.code) return wrong(f.qualified_name + ": " + r.limit);
    std::fputs(vm::disassemble(*r.code, source.get()).c_str(), stdout);
  }
  return 0;
}

}  // namespace tsvm::repl
