// Modules: finding, loading, and the import statement.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "vm/code.h"
#include "vm/vm.h"

namespace tsvm::vm {

/// The modules of the standard library that are part of the program, from an archive (vm/image.h). Shared by the VMs of
/// a process, in any threads: their code is made once.
class EmbeddedModules {
 public:
  /// The bytes must outlive this.
  explicit EmbeddedModules(std::span<const std::byte> archive);
  ~EmbeddedModules();
  bool find(std::string_view name, bool& is_package) const;
  /// The code of a module that is there; null: an exception is pending (the image is damaged).
  std::shared_ptr<CodeUnit> unit(VM& vm, std::string_view name) const;

 private:
  struct Units;
  std::unique_ptr<Units> units_;
};
void set_embedded_modules(VM& vm, const EmbeddedModules* modules);

/// Runs a unit's body with a module's namespace as globals; None or Error.
Value run_unit(VM& vm, std::shared_ptr<CodeUnit> unit, Value module);
/// The same as the program's main module.
/// `package`: what it is part of (-m); null: of nothing.
Value run_main(VM& vm, std::shared_ptr<CodeUnit> unit, std::string_view file, const std::string* package = nullptr);

bool read_file(const std::string& path, std::string& out, int& error);

}  // namespace tsvm::vm
