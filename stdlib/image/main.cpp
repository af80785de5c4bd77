// tsvm_image OUT FOLDER...: compiles the language files of the standard library into one archive (vm/image.h).
//
// A folder with an __init__.ts is a package of its name; any other folder's files are top-level modules, and the folders inside
// it packages. Run at build time.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "vm/compile.h"
#include "vm/image.h"
#include "vm/interpreter.h"
#include "vm/modules.h"
#include "vm/runtime.h"
#include "vm/traceback.h"

namespace fs = std::filesystem;
using namespace tsvm::vm;

namespace {

bool add(VM& vm, const fs::path& file, const std::string& name, bool is_package, std::vector<ArchiveMember>& members) {
  std::string text;
  int error = 0;
  if (!read_file(file.string(), text, error)) {
    std::fprintf(stderr, "tsvm_image: cannot read %s\n", file.c_str());
    return false;
  }
  // Tracebacks name library files by their place in the library, not by where the build found them.
  std::string shown = "<tsvm>/" + name;
  std::replace(shown.begin() + 7, shown.end(), '.', '/');
  std::shared_ptr<CodeUnit> unit = compile_source(vm, std::move(text), shown + (is_package ? "/__init__.ts" : ".ts"), name);
  if (!unit) {
    Ref e(take_pending(vm));
    std::fprintf(stderr, "%s: %s", file.c_str(), format_exception(vm, *e).c_str());
    return false;
  }
  members.push_back({name, is_package, write_image(*unit)});
  return true;
}

bool walk(VM& vm, const fs::path& folder, const std::string& prefix, std::vector<ArchiveMember>& members) {
  bool ok = true;
  std::vector<fs::path> entries;
  for (const auto& e : fs::directory_iterator(folder)) entries.push_back(e.path());
  std::sort(entries.begin(), entries.end());
  for (const fs::path& p : entries) {
    if (fs::is_directory(p)) {
      std::string name = prefix + p.filename().string();
      if (fs::exists(p / "__init__.ts")) ok &= add(vm, p / "__init__.ts", name, true, members) && walk(vm, p, name + ".", members);
    } else if (p.extension() == ".ts" && p.stem() != "__init__") {
      ok &= add(vm, p, prefix + p.stem().string(), false, members);
    }
  }
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: tsvm_image OUT FOLDER...\n");
    return 2;
  }
  VM vm;
  install_interpreter(vm);
  std::vector<ArchiveMember> members;
  for (int i = 2; i < argc; i++) {
    fs::path folder = argv[i];
    std::string name = folder.filename().string();
    bool is_package = fs::exists(folder / "__init__.ts");
    if (is_package && !add(vm, folder / "__init__.ts", name, true, members)) return 1;
    if (!walk(vm, folder, is_package ? name + "." : "", members)) return 1;
  }
  std::sort(members.begin(), members.end(), [](const ArchiveMember& a, const ArchiveMember& b) { return a.name < b.name; });
  std::vector<std::byte> bytes = write_archive(members);
  std::ofstream out(argv[1], std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return out ? 0 : 1;
}
