// The code of archives: written from the program, and read back into it.
//
// Contract, as the language sees it (module `_script`; whoever reads and writes files and pickles is elsewhere):
//
//   archive_code(module_or_function) -> (files, constants)
//       files: dict, "code/__torch__/a/b.py"-like path below "code/" ("__torch__/a/b.py") -> text. Everything that the
//       module tree names is in them: classes of modules, script classes, named tuples, enums, functions.
//       constants: list of what CONSTANTS.c0, c1 ... are (tensors).
//   archive_name(object_or_class) -> "__torch__.Net", the qualified name that pickles use for the class of a script
//       module, of an object of a script class, of an enum member or of a named tuple; None for other values.
//   archive_state(object) -> list of (name, value, type text) for a script module or an object of a script class, in
//       the order of declaration: what its pickled dict holds. The type text is as annotations have it
//       ("Dict[str, int]"): what restore_type_tag wants for lists and dictionaries.
//   archive_reader(read, constants, version) -> a reader. read(path) gives the text of a file ("__torch__/a/b.py") or
//       None. Files are read when a name leads to them.
//   archive_class(reader, name) -> (kind, class): kind is "module", "class", "enum" or "tuple"; class makes the
//   objects.
//       An unpickler that meets the global "__torch__.a b.X" takes it: modules and script classes are made by
//       new_object(class) and filled by set_archive_state(object, state) with the unpickled dict (or the value that the
//       class's __setstate__ takes: then that method runs); enums are called with the value, tuples with the items.
//       Module objects are complete (methods compiled, ready to be called) when finish_module(object) was called on the
//       root.
#pragma once

#include "stdlib/native/script/host.h"

namespace tsvm::stdlib::script_host {

/// From this version of the format on all operators mean what they mean today.
constexpr int64_t kNewestOldOperator = 10;

class Importer {
 public:
  Importer(ScriptState& s, vm::Value read, vm::Value constants, int64_t version);

  /// The class, named tuple or enum of that name; none: there is no such. Throws CompileError.
  script::TypeId find_type(const std::string& name);
  script::Function* find_function(const std::string& name);
  /// Source text whose functions see each other by name; with an owner they are its methods. Throws CompileError.
  std::vector<script::Function*> add_source(std::string text, script::ClassInfo* owner = nullptr);
  /// What a name in archive code means; null: nothing.
  script::SugaredPtr resolve(script::Compiler& c, script::Function& f, const std::string& name, SourceRange range);
  script::SugaredPtr path(const std::string& name);
  /// What an operator meant when the archive was written, where that is not what it means today; null otherwise.
  script::SugaredPtr old_operator(const std::string& name);
  /// The script classes that were read so far.
  std::vector<script::ClassInfo*> classes() const;
  vm::Value constant(size_t i);
  ScriptState& state() { return state_; }

 private:
  struct File {
    std::shared_ptr<ParsedUnit> unit;
    std::map<std::string, const ast::Stmt*> names;
  };
  File* file_of(const std::string& name, std::string& last);
  script::TypeId declare_class(const std::string& name, File& file, const ast::ClassDef& def);
  script::Function* declare_function(const ast::FunctionDef& def, File& file, script::ClassInfo* owner,
                                     const std::string& name);

  ScriptState& state_;
  vm::Ref read_;
  vm::Ref constants_;
  int64_t version_;
  std::map<std::string, script::Function*> own_functions_;  // of add_source
  std::map<std::string, std::unique_ptr<File>> files_;
  std::map<std::string, script::TypeId> types_;
  std::map<std::string, script::Function*> functions_;
};

/// All code that a module or a function needs: path -> text, and the constants.
struct ArchiveCode {
  std::map<std::string, std::string> files;
  std::vector<script::Const> constants;
};
ArchiveCode archive_code(ScriptState& s, script::ClassInfo* module, script::Function* function);

/// The functions of `_script` for archives.
extern const std::span<const vm::NativeDef> kArchiveFunctions;

}  // namespace tsvm::stdlib::script_host
