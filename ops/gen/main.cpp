// tsvm_opgen OUT DEFS...: reads the declarations of operators (and .txt files with all names that PyTorch's operators
// have) and writes what follows from them below the folder OUT.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ops/gen/emit.h"

namespace tsvm::gen {

void write_file(const std::string& path, const std::string& text) {
  {
    std::ifstream in(path, std::ios::binary);
    std::stringstream old;
    old << in.rdbuf();
    if (in && old.str() == text) return;
  }
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

namespace {

void build(Model& m) {
  for (const Decl& d : m.declarations.decls) {
    std::string spec;
    bool plain = false;
    if (d.kind == Kind::Pointwise) {
      spec =
          "kSpec_" + d.name + (d.overload.empty() || d.overload.find(' ') != std::string::npos ? "" : "_" + d.overload);
      while (m.programs.count(spec)) spec += "_";
      m.programs[spec] = compile_pointwise(d);
      plain = m.programs[spec].has_plain;
      m.spec_decl[spec] = &d;
    }
    for (Decl& e : expand_operands(d)) {
      m.decls.push_back(std::move(e));
      m.spec_of.push_back(spec);
      m.has_plain.push_back(plain);
    }
  }
  std::map<std::string, int> ids;
  auto add_row = [&](const Decl& d, Variant v) {
    std::string id = d.name + (v == Variant::InPlace ? "_" : v == Variant::Out ? "_out" : "");
    if (!d.overload.empty()) id += "_" + d.overload;
    id = cpp_identifier(id);
    if (ids[id]++) throw GenError{d.file, d.function->name_range, "this name and overload were declared before: " + id};
    m.rows.push_back({&d, v, id});
  };
  for (const Decl& d : m.decls) {
    m.catalog.add(&d);
    add_row(d, Variant::Plain);
    if (d.has_inplace) add_row(d, Variant::InPlace);
    if (d.has_out) add_row(d, Variant::Out);
  }
}

/// Pointwise operators, and bodies that are made of such alone: what can be part of a fused group.
void find_elementwise(Model& m) {
  auto plain = [](const Decl& d) {
    if (d.view || d.random || d.factory || d.mutates_self || d.results.size() != 1 || d.params.empty() ||
        !d.results[0].type.is_tensor())
      return false;
    bool tensor = false;
    for (const Param& p : d.params) {
      if (p.type.list || p.type.base == Base::Generator || p.type.base == Base::Storage ||
          p.type.base == Base::Device || p.type.base == Base::Layout || p.type.base == Base::MemoryFormat ||
          p.type.base == Base::DType)
        return false;
      tensor |= p.type.base == Base::Tensor;
    }
    return tensor;
  };
  m.elementwise.assign(m.decls.size(), false);
  for (size_t i = 0; i < m.decls.size(); i++)
    m.elementwise[i] = m.decls[i].kind == Kind::Pointwise && plain(m.decls[i]);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < m.decls.size(); i++) {
      const Decl& d = m.decls[i];
      if (m.elementwise[i] || d.kind != Kind::Composite || !d.has_body || !plain(d)) continue;
      const bool ok = made_only_of(
          d.function, m.catalog,
          [](const Decl& called, const void* context) {
            const Model& model = *static_cast<const Model*>(context);
            return static_cast<bool>(model.elementwise[static_cast<size_t>(&called - model.decls.data())]);
          },
          &m);
      if (ok) m.elementwise[i] = changed = true;
    }
  }
}

}  // namespace
}  // namespace tsvm::gen

int main(int argc, char** argv) {
  using namespace tsvm::gen;
  if (argc < 3) {
    std::fprintf(stderr, "usage: tsvm_opgen OUT DEFS...\n");
    return 2;
  }
  const std::string out = argv[1];
  Model m;
  try {
    for (int i = 2; i < argc; i++) {
      const std::filesystem::path path = argv[i];
      if (path.extension() == ".txt") {
        std::ifstream names(path);
        for (std::string name; std::getline(names, name);) m.known_names.push_back(name);
      } else {
        read_declarations(path, m.declarations);
      }
    }
    build(m);
    find_elementwise(m);
    emit_op_ids(m, out);
    emit_header(m, out);
    emit_tables(m, out);
    emit_functions(m, out, 8);
    emit_calls(m, out);
    emit_thunks(m, out, 6);
    emit_frontend(m, out, 4);
    emit_docs(m, out);
  } catch (const GenError& e) {
    const tsvm::LineColumn at = e.file->locate(e.range.begin);
    std::fprintf(stderr, "%s:%u:%u: error: %s\n", e.file->name().c_str(), at.line, at.column + 1, e.message.c_str());
    return 1;
  }
  return 0;
}
