// The front end as the VM uses it: parse, analyse, emit IR, run passes.
#include "vm/compile.h"

#include "base/check.h"
#include "base/utf8.h"
#include "ir/emit/emit.h"
#include "parser/parser.h"
#include "parser/scope.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

Type* exception_named(VM& vm, std::string_view name) {
#define EXCEPTION(type, base, fields) \
  if (name == #type) return vm.types.type;
#include "vm/exceptions.def"
  TSVM_UNREACHABLE("a diagnostic of another kind than the language's");
}

// Makes the first diagnostic's exception pending; a SyntaxError has a place.
void raise_diagnostic(VM& vm, const Diagnostic& d, const SourceFile& source) {
  Type* type = exception_named(vm, exception_name(d.kind));
  if (!is_subtype(type, vm.types.SyntaxError)) {
    (void)raise(vm, type, "%s", d.message.c_str());
    return;
  }
  Ref message(make_str(vm, d.message));
  Value args[] = {*message};
  Ref e(make_exception(vm, type, std::span<const Value>(args)));
  LineColumn begin = source.locate(d.range.begin), end = source.locate(d.range.end);
  auto column = [&](LineColumn at) {
    return static_cast<int64_t>(utf8::count(source.line(at.line).substr(0, at.column))) + 1;
  };
  auto set = [&](const char* attr, Value owned) {
    Ref v(owned);
    if (!set_attr(vm, *e, vm.name(attr), *v)) clear_pending(vm);
  };
  set("msg", make_str(vm, d.message));
  set("filename", make_str(vm, source.name()));
  set("lineno", Value::integer(begin.line));
  if (!d.no_place) {
    set("text", make_str(vm, std::string(source.line(begin.line)) + "\n"));
    if (!d.whole_line) {
      set("offset", Value::integer(column(begin)));
      set("end_lineno", Value::integer(end.line));
      set("end_offset", Value::integer(column(end)));
    }
  }
  (void)raise_value(vm, *e);
}

}  // namespace

std::shared_ptr<CodeUnit> compile_source(VM& vm, std::string text, std::string file_name, std::string_view name,
                                         CompileMode mode, bool names_in_namespace) {
  if (mode == CompileMode::Eval) text.erase(0, text.find_first_not_of(" \t"));
  auto source = std::make_shared<const SourceFile>(std::move(file_name), std::move(text));
  Arena arena;
  ParseResult tree = parse(*source, arena);
  if (!tree.ok()) {
    raise_diagnostic(vm, tree.diagnostics[0], *source);
    return nullptr;
  }
  if (mode == CompileMode::Eval && (tree.module->body.size() != 1 || !tree.module->body[0]->is<ast::ExprStmt>())) {
    uint32_t end = static_cast<uint32_t>(source->text().size());
    SourceRange where = tree.module->body.empty() ? SourceRange{0, end} : tree.module->body[0]->range;
    raise_diagnostic(vm, Diagnostic(DiagnosticKind::kSyntaxError, where, "invalid syntax"), *source);
    return nullptr;
  }
  ScopeTree scopes = analyze_scopes(tree, arena);
  if (!scopes.diagnostics.empty()) {
    raise_diagnostic(vm, scopes.diagnostics[0], *source);
    return nullptr;
  }
  ir::EmitOptions options;
  options.names_in_namespace = names_in_namespace;
  if (mode == CompileMode::Eval) options.mode = ir::EmitMode::Eval;
  if (mode == CompileMode::Single) options.mode = ir::EmitMode::Interactive;
  std::unique_ptr<ir::Module> module = ir::emit_module(tree, scopes, source, std::string(name), options);
  return std::make_shared<CodeUnit>(std::move(module), vm.options.passes);
}

std::shared_ptr<CodeUnit> compile_file(VM& vm, const std::string& path, std::string_view name) {
  std::string text;
  int error = 0;
  if (!read_file(path, text, error)) {
    (void)raise_os_error(vm, error, path);
    return nullptr;
  }
  return compile_source(vm, std::move(text), path, name);
}

}  // namespace tsvm::vm
