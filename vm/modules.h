// Modules: finding, loading, and the import statement.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "vm/code.h"
#include "vm/vm.h"

namespace tsvm::vm {

/// A module of the standard library that is part of the program.
struct EmbeddedModule {
  std::string_view name;  // "torch.nn"
  bool is_package = false;
  std::span<const std::byte> image;  // vm/image.h
};

/// All of them, sorted by name. Shared by the VMs of a process: their code is made once.
class EmbeddedModules {
 public:
  explicit EmbeddedModules(std::span<const EmbeddedModule> modules);
  ~EmbeddedModules();
  const EmbeddedModule* find(std::string_view name) const;
  /// The module's code; null: an exception is pending (the image is damaged).
  std::shared_ptr<CodeUnit> unit(VM& vm, const EmbeddedModule& module) const;

 private:
  struct Units;
  std::span<const EmbeddedModule> modules_;
  std::unique_ptr<Units> units_;
};
void set_embedded_modules(VM& vm, const EmbeddedModules* modules);

/// Runs a unit's body with a module's namespace as globals; None or Error.
Value run_unit(VM& vm, std::shared_ptr<CodeUnit> unit, Value module);
/// The same as the program's main module.
Value run_main(VM& vm, std::shared_ptr<CodeUnit> unit, std::string_view file);

bool read_file(const std::string& path, std::string& out, int& error);

}  // namespace tsvm::vm
