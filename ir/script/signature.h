// Signatures of functions from their syntax trees: annotations, type comments, or tensors by default.
#pragma once

#include "ir/script/program.h"

namespace tsvm::script {

/// Fills params (without default values, which the host knows) and the declared result. The first parameter of a method
/// keeps no type unless it is annotated: the caller sets it.
void declare_signature(Program& p, Host& h, Function& f, bool is_method);
TypeId parse_annotation(Program& p, Host& h, Function& f, const ast::Expr* e);
TypeId parse_annotation_text(Program& p, Host& h, Function& f, std::string_view text, SourceRange where);

}  // namespace tsvm::script
