// What the generator writes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ops/gen/body.h"
#include "ops/gen/decl.h"
#include "ops/gen/pointwise.h"

namespace tsvm::gen {

enum class Variant : uint8_t { Plain, InPlace, Out };

/// One row of the table: an overload in one of its variants.
struct Row {
  const Decl* decl;
  Variant variant;
  std::string id;  // of OpId: "add_Tensor", "add__Tensor", "add_out_Tensor"
};

/// Everything that is written from the declarations.
struct Model {
  Declarations declarations;
  std::vector<Decl> decls;                            // expanded overloads, in order
  std::vector<std::string> spec_of;                   // by decl: the name of its PointwiseSpec, "" if none
  std::vector<bool> has_plain;                        // by decl
  std::vector<bool> elementwise;                      // by decl: made of pointwise operators alone
  std::map<std::string, PointwisePrograms> programs;  // by spec name
  std::map<std::string, const Decl*> spec_decl;       // by spec name: the entry as written
  std::vector<Row> rows;
  Catalog catalog;
  std::vector<std::string> known_names;  // of all operators that programs may name
};

/// Writes text, leaving the file alone if it has it already (so that nothing is built again).
void write_file(const std::string& path, const std::string& text);

void emit_op_ids(const Model& m, const std::string& out);
void emit_header(const Model& m, const std::string& out);
void emit_tables(const Model& m, const std::string& out);
/// The operators' functions in `parts` files.
void emit_functions(const Model& m, const std::string& out, int parts);
/// The elementwise operators as functions of one type.
void emit_calls(const Model& m, const std::string& out);
void emit_thunks(const Model& m, const std::string& out, int parts);
/// The C++ front end's declarations and their definitions in `parts` files.
void emit_frontend(const Model& m, const std::string& out, int parts);
void emit_docs(const Model& m, const std::string& out);

std::string schema_of(const Row& row);
/// "const Tensor& self, const Tensor& other": of the declaration (with defaults) or the definition (names get p_).
std::string cpp_params(const Decl& d, bool defaults, bool prefix);
std::string cpp_result(const Decl& d, Variant v);
std::string op_function(const Row& row);

}  // namespace tsvm::gen
