#include "ir/emit/emit.h"

#include "ir/emit/emitter.h"

namespace tsvm::ir {

ModuleEmitter::ModuleEmitter(const NameTable& identifiers_of_tree, const ScopeTree& scopes_of_tree,
                             std::shared_ptr<const SourceFile> file, std::string name)
    : identifiers(identifiers_of_tree), scopes(scopes_of_tree), source(*file), module(std::make_unique<Module>()) {
  module->name = std::move(name);
  module->source = std::move(file);
}

NameId ModuleEmitter::name(Identifier identifier) {
  if (const NameId* known = names_.find(identifier)) return *known;
  return names_.add(identifier, module->intern(identifier));
}

void FunctionEmitter::emit_module(const ast::Module& tree) {
  std::span<ast::Stmt* const> statements(tree.body.data(), tree.body.size());
  static constexpr Identifier kNamespace = ".namespace";
  begin_body(f_.is_class_body ? std::span(&kNamespace, 1) : std::span<const Identifier>());
  setup_annotations(statements, f_.range);
  if (m_.options.mode == EmitMode::File) {
    const auto* s = statements.empty() ? nullptr : statements[0]->as<ast::ExprStmt>();
    const auto* c = s != nullptr ? s->value->as<ast::Constant>() : nullptr;
    if (c != nullptr && c->value.kind == ast::ConstantKind::kStr) store_at_top_level("__doc__", value(c), s->range);
  }
  body(statements);
  end_body();
}

std::unique_ptr<Module> emit_module(const ParseResult& parse, const ScopeTree& scopes,
                                    std::shared_ptr<const SourceFile> source, std::string name,
                                    const EmitOptions& options) {
  ModuleEmitter m(parse.names, scopes, std::move(source), std::move(name));
  m.options = options;
  Function& f = *m.module->functions[m.module->add_function().index];
  f.name = f.qualified_name = "<module>";
  f.is_module_body = true;
  f.is_class_body = options.names_in_namespace;
  f.range = parse.module->range;
  FunctionEmitter(m, 0, f).emit_module(*parse.module);
  return std::move(m.module);
}

}  // namespace tsvm::ir
