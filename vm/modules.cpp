// Modules: finding, loading, and the import statement.
//
// A module is looked for in sys.modules, then among native modules, then along the path (the program's own files:
// NAME.ts, NAME.py, or a folder NAME with an __init__ file), then in the embedded standard library. Submodules are
// looked for along their parent's __path__ instead.
#include "vm/modules.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/operations.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

struct ImportState : Extension {
  std::vector<Object*> initializing;  // modules whose bodies are running
  const EmbeddedModules* embedded = nullptr;
};

Value get_global(VM& vm, Dict* globals, Str* name) {
  (void)vm;
  return dict_get_borrow(globals, name);
}

bool is_file(const std::string& path) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode);
}

std::string absolute(const std::string& path) {
  if (!path.empty() && path[0] == '/') return path;
  char buffer[4096];
  if (!::getcwd(buffer, sizeof buffer)) return path;
  return path.empty() ? buffer : std::string(buffer) + "/" + path;
}

struct Found {
  std::string file;
  bool is_package = false;
};

bool find_in(const std::string& folder, std::string_view name, Found& out) {
  std::string base = folder.empty() ? std::string(name) : folder + "/" + std::string(name);
  for (const char* suffix : {".ts", ".py"}) {
    if (is_file(base + "/__init__" + suffix)) {
      out = {base + "/__init__" + suffix, true};
      return true;
    }
    if (is_file(base + suffix)) {
      out = {base + suffix, false};
      return true;
    }
  }
  return false;
}

// The strings of a list of folders.
void folders_of(VM& vm, Value list, std::vector<std::string>& out) {
  if (!is_kind(list, Kind::List)) return;
  auto* l = as<List>(list);
  for (uint64_t i = 0; i < l->size; i++) {
    Ref item(list_get(l, i));
    if (is_str(*item)) out.emplace_back(text_of(*item));
  }
  (void)vm;
}

// Where packages of the embedded archive say they are; not a place in the file system.
constexpr std::string_view kEmbeddedFolder = "<tsvm>";

std::vector<std::string> search_path(VM& vm) {
  std::vector<std::string> out;
  Value sys = dict_get_borrow(vm.modules, vm.names.sys);
  Value path = is_kind(sys, Kind::Module) ? dict_get_borrow(as<Module>(sys)->dict, vm.name("path")) : Value();
  if (is_kind(path, Kind::List)) {
    folders_of(vm, path, out);
    return out;
  }
  return vm.options.module_path;
}

Value import_module(VM& vm, std::string_view name);

// What the library's module _absent says about a package that is not there; nothing when it does not know it.
std::string advice_on(VM& vm, std::string_view name) {
  constexpr std::string_view kAdviser = "_absent";
  bool is_package = false;
  const EmbeddedModules* library = vm.extension<ImportState>().embedded;
  if (!library || name == kAdviser || !library->find(kAdviser, is_package)) return {};
  Ref module(import_module(vm, kAdviser)), text(make_str(vm, name));
  Value args[] = {*text};
  Ref advice(module.is_error() ? Value::error() : call_method(vm, *module, "advice", args));
  if (advice.is_error()) clear_pending(vm);
  return is_str(*advice) ? ": not part of tsvm; instead: " + std::string(text_of(*advice)) : std::string();
}

Value not_found(VM& vm, std::string_view name, std::string detail = {}) {
  if (detail.empty()) detail = advice_on(vm, name);
  (void)raise(vm, vm.types.ModuleNotFoundError, "No module named '%.*s'%s", static_cast<int>(name.size()), name.data(),
              detail.c_str());
  if (is_kind(vm.pending, Kind::Exception)) {
    Ref n(make_str(vm, name));
    Ref e = Ref::copy(vm.pending);
    Value pending = vm.pending;
    vm.pending = Value();
    if (!set_attr(vm, *e, vm.names.name, *n)) clear_pending(vm);
    vm.pending = pending;
  }
  return Value::error();
}

void set_import_names(VM& vm, Module* m, std::string_view name, const std::string& file, bool is_package,
                      const std::string& folder) {
  Dict* d = m->dict;
  auto set = [&](Str* key, Value owned) {
    dict_set(vm, d, key, owned);
    release(owned);
  };
  set(vm.names.dunder_name, make_str(vm, name));
  if (!file.empty()) set(vm.names.dunder_file, make_str(vm, file));
  std::string_view package = name;
  if (!is_package) package = name.rfind('.') == std::string_view::npos ? "" : name.substr(0, name.rfind('.'));
  set(vm.names.package, make_str(vm, package));
  set(vm.names.loader, Value::none());
  set(vm.names.spec, Value::none());
  set(vm.names.builtins_module, new_ref(vm.builtins_module));
  if (is_package) {
    Ref path(make_list(vm));
    Ref text(make_str(vm, folder));
    list_append(vm, as<List>(*path), *text);
    set(vm.names.path, path.take());
  }
}

// Runs a unit as the module `name`, which is in sys.modules meanwhile and taken out again when it fails.
Value execute(VM& vm, std::string_view name, std::shared_ptr<CodeUnit> unit, const std::string& file, bool is_package,
              const std::string& folder) {
  Ref module(make_module(vm, name));
  set_import_names(vm, as<Module>(*module), name, file, is_package, folder);
  Str* key = vm.intern(name);
  Ref key_ref(Value::object(key));
  dict_set(vm, vm.modules, key, *module);
  auto& state = vm.extension<ImportState>();
  state.initializing.push_back(module->o);
  Ref result(run_unit(vm, std::move(unit), *module));
  std::erase(state.initializing, module->o);
  if (result.is_error()) {
    Value pending = vm.pending;
    vm.pending = Value();
    dict_delete(vm, vm.modules, key);
    vm.pending = pending;
    return Value::error();
  }
  // A module may put another object in its place.
  Value now = dict_get_borrow(vm.modules, key);
  return new_ref(now.is_unbound() ? *module : now);
}

// Loads `full` (its last part is `part`), not loaded before. Unbound: there is no such module.
Value load(VM& vm, std::string_view full, std::string_view part, Value parent) {
  if (NativeModuleFn make = vm.find_native_module(full)) {
    Ref module(make(vm));
    if (module.is_error()) return Value::error();
    dict_set(vm, vm.modules, full, *module);
    return module.take();
  }
  std::vector<std::string> folders;
  if (parent.is_unbound()) {
    folders = search_path(vm);
  } else if (is_kind(parent, Kind::Module)) {
    folders_of(vm, dict_get_borrow(as<Module>(parent)->dict, vm.names.path), folders);
  }
  for (const std::string& folder : folders) {
    Found f;
    if (folder.starts_with(kEmbeddedFolder) || !find_in(folder, part, f)) continue;
    std::string file = absolute(f.file);
    std::shared_ptr<CodeUnit> unit = compile_file(vm, file, full);
    if (!unit) return Value::error();
    return execute(vm, full, std::move(unit), file, f.is_package,
                   f.is_package ? file.substr(0, file.rfind('/')) : std::string());
  }
  const EmbeddedModules* embedded = vm.extension<ImportState>().embedded;
  bool is_package;
  if (embedded && embedded->find(full, is_package)) {
    std::shared_ptr<CodeUnit> unit = embedded->unit(vm, full);
    if (!unit) return Value::error();
    std::string folder = std::string(kEmbeddedFolder) + "/";
    for (char c : full) folder += c == '.' ? '/' : c;
    return execute(vm, full, std::move(unit), std::string(), is_package, folder);
  }
  return Value::unbound();
}

// The module of a dotted absolute name, parents loaded first. `first` gets the outermost one.
Value import_absolute(VM& vm, std::string_view name, Ref* first) {
  Ref parent, module;
  size_t at = 0;
  while (at <= name.size()) {
    size_t dot = name.find('.', at);
    if (dot == std::string_view::npos) dot = name.size();
    std::string_view full = name.substr(0, dot), part = name.substr(at, dot - at);
    Ref key(make_str(vm, full));
    Value loaded = dict_get_borrow(vm, vm.modules, *key);
    if (loaded.is_error()) return loaded;
    if (!loaded.is_unbound() && !loaded.is_none()) {
      module = Ref::copy(loaded);
    } else {
      if (!parent->is_unbound()) {
        Ref path(get_attr_or_unbound(vm, *parent, vm.names.path));
        if (path.is_error()) return Value::error();
        bool has_embedded = !path->is_unbound();
        if (!has_embedded) {
          // A native module may have submodules of its own.
          if (!vm.find_native_module(full))
            return not_found(vm, full, "; '" + std::string(name.substr(0, at - 1)) + "' is not a package");
        }
      }
      Value made = load(vm, full, part, *parent);
      if (made.is_error()) return made;
      if (made.is_unbound()) return not_found(vm, full);
      module = Ref(made);
      if (!parent->is_unbound()) {
        Ref attr(Value::object(vm.intern(part)));
        if (!set_attr(vm, *parent, as<Str>(*attr), *module)) return Value::error();
      }
    }
    if (at == 0 && first) *first = module;
    parent = module;
    at = dot + 1;
  }
  return module.take();
}

// The package that relative imports of a module start from; false: an exception is pending.
bool package_of(VM& vm, Dict* globals, int64_t level, std::string& out) {
  Value package = get_global(vm, globals, vm.names.package);
  if (is_str(package)) {
    out = text_of(package);
  } else {
    Value name = get_global(vm, globals, vm.names.dunder_name);
    if (!is_str(name)) return fail(vm, vm.types.KeyError, "'__name__' not in globals");
    out = text_of(name);
    if (get_global(vm, globals, vm.names.path).is_unbound())
      out = out.rfind('.') == std::string::npos ? "" : out.substr(0, out.rfind('.'));
  }
  if (out.empty()) return fail(vm, vm.types.ImportError, "attempted relative import with no known parent package");
  for (int64_t i = 1; i < level; i++) {
    size_t dot = out.rfind('.');
    if (dot == std::string::npos)
      return fail(vm, vm.types.ImportError, "attempted relative import beyond top-level package");
    out.resize(dot);
  }
  return true;
}

std::string module_name(VM& vm, Value module) {
  Ref name(get_attr_or_unbound(vm, module, vm.names.dunder_name));
  if (name.is_error()) clear_pending(vm);
  return is_str(*name) ? std::string(text_of(*name)) : "<unknown module name>";
}

bool is_initializing(VM& vm, Value module) {
  auto& list = vm.extension<ImportState>().initializing;
  return module.tag == Tag::Object && std::find(list.begin(), list.end(), module.o) != list.end();
}

Value import_module(VM& vm, std::string_view name) { return import_absolute(vm, name, nullptr); }

// __import__
Value import_callback(VM& vm, Value name, Value globals, Value, Value fromlist, int64_t level) {
  if (!is_str(name)) return raise(vm, vm.types.TypeError, "module name must be a string");
  Ref none;
  Dict* g = is_kind(globals, Kind::Dict) ? as<Dict>(globals) : nullptr;
  if (!g) {
    none = Ref(make_dict(vm));
    g = as<Dict>(*none);
  }
  return import_name(vm, g, text_of(name), fromlist, level);
}

}  // namespace

void set_embedded_modules(VM& vm, const EmbeddedModules* modules) { vm.extension<ImportState>().embedded = modules; }

Value import_name(VM& vm, Dict* globals, std::string_view name, Value fromlist, int64_t level) {
  std::string full(name);
  if (level > 0) {
    std::string package;
    if (!package_of(vm, globals, level, package)) return Value::error();
    full = name.empty() ? package : package + "." + full;
  } else if (name.empty()) {
    return raise(vm, vm.types.ValueError, "Empty module name");
  }
  Ref first;
  Ref module(import_absolute(vm, full, &first));
  if (module.is_error()) return Value::error();
  bool has_list = is_kind(fromlist, Kind::Tuple)  ? as<Tuple>(fromlist)->size > 0
                  : is_kind(fromlist, Kind::List) ? as<List>(fromlist)->size > 0
                                                  : false;
  if (!has_list) return level > 0 ? module.take() : first.take();
  // Names that are no attributes of a package may be submodules.
  Ref path(get_attr_or_unbound(vm, *module, vm.names.path));
  if (path.is_error()) return Value::error();
  if (!path->is_unbound()) {
    bool ok = for_each(vm, fromlist, [&](Value item) {
      if (!is_str(item) || text_of(item) == "*") return true;
      Ref key(Value::object(vm.intern(as<Str>(item))));
      Ref attr(get_attr_or_unbound(vm, *module, as<Str>(*key)));
      if (attr.is_error()) return false;
      if (!attr->is_unbound()) return true;
      std::string sub = full + "." + std::string(text_of(item));
      Ref made(import_absolute(vm, sub, nullptr));
      if (!made.is_error()) return true;
      if (!pending_is(vm, vm.types.ModuleNotFoundError)) return false;
      Ref missing(get_attr_or_unbound(vm, vm.pending, vm.names.name));
      if (is_str(*missing) && text_of(*missing) == sub) {
        clear_pending(vm);
        return true;
      }
      return false;
    });
    if (!ok) return Value::error();
  }
  return module.take();
}

Value import_from(VM& vm, Value module, Str* name) {
  Value v = get_attr_or_unbound(vm, module, name);
  if (!v.is_unbound()) return v;
  std::string own = module_name(vm, module);
  Ref key(make_str(vm, own + "." + std::string(name->view())));
  Value loaded = dict_get_borrow(vm, vm.modules, *key);
  if (loaded.is_error()) return loaded;
  if (!loaded.is_unbound()) return new_ref(loaded);
  Ref file(get_attr_or_unbound(vm, module, vm.names.dunder_file));
  if (file.is_error()) clear_pending(vm);
  std::string where = is_str(*file) ? std::string(text_of(*file)) : "unknown location";
  const char* partially = is_initializing(vm, module) ? "partially initialized module " : "";
  const char* circular = is_initializing(vm, module) ? " (most likely due to a circular import)" : "";
  (void)raise(vm, vm.types.ImportError, "cannot import name '%s' from %s'%s'%s (%s)", name->data, partially,
              own.c_str(), circular, where.c_str());
  Ref e(take_pending(vm));
  Ref own_name(make_str(vm, own));
  if (!set_attr(vm, *e, vm.names.name, *own_name) || (is_str(*file) && !set_attr(vm, *e, vm.name("path"), *file)))
    clear_pending(vm);
  vm.pending = e.take();
  return Value::error();
}

bool import_star(VM& vm, Value module, Dict* into) {
  Ref all(get_attr_or_unbound(vm, module, vm.names.all_));
  if (all.is_error()) return false;
  if (!all->is_unbound()) {
    return for_each(vm, *all, [&](Value item) {
      if (!is_str(item))
        return fail(vm, vm.types.TypeError, "Item in %s.__all__ must be str, not %s", module_name(vm, module).c_str(),
                    type_of(vm, item)->name->data);
      Ref key(Value::object(vm.intern(as<Str>(item))));
      Ref v(get_attr(vm, module, as<Str>(*key)));
      if (v.is_error()) return false;
      dict_set(vm, into, as<Str>(*key), *v);
      return true;
    });
  }
  Ref dict;
  if (is_kind(module, Kind::Module)) {
    dict = Ref(dict_copy(vm, as<Module>(module)->dict));
  } else {
    dict = Ref(get_attr_or_unbound(vm, module, vm.names.dict_));
    if (dict.is_error()) return false;
    if (!is_kind(*dict, Kind::Dict))
      return fail(vm, vm.types.ImportError, "from-import-* object has no __dict__ and no __all__");
  }
  uint32_t position = 0;
  while (DictEntry* e = dict_next(as<Dict>(*dict), position)) {
    if (!is_str(e->key) || text_of(e->key).starts_with("_")) continue;
    dict_set(vm, into, as<Str>(e->key), e->value);
  }
  return true;
}

bool op_import_name(VM& vm, Frame* f, const Instr* pc) {
  Str* name = f->state->names[static_cast<uint32_t>(reinterpret_cast<const ExtensionWord*>(pc + 1)->low)];
  Value fromlist = f->regs[pc->b & kRegisterMask], level = f->regs[pc->c & kRegisterMask];
  Value v = import_name(vm, f->globals, name->view(), fromlist, level.is_int() ? level.i : 0);
  if (v.is_error()) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->c);
  f->regs[pc->a] = v;
  return true;
}

bool op_import_from(VM& vm, Frame* f, const Instr* pc) {
  Value v = import_from(vm, f->regs[pc->b & kRegisterMask], f->state->names[pc->c]);
  if (v.is_error()) return false;
  drop_operand(f->regs, pc->b);
  f->regs[pc->a] = v;
  return true;
}

bool op_import_star(VM& vm, Frame* f, const Instr* pc) {
  if (!import_star(vm, f->regs[pc->a & kRegisterMask], f->globals)) return false;
  drop_operand(f->regs, pc->a);
  return true;
}

Value run_unit(VM& vm, std::shared_ptr<CodeUnit> unit, Value module) {
  CodeState* state = make_code_state(vm, std::move(unit), 0);
  if (!state) return Value::error();
  if (state->code->has_doc) {
    Ref doc(make_str(vm, state->code->doc));
    dict_set(vm, as<Module>(module)->dict, vm.names.doc, *doc);
  }
  Ref function(make_function(vm, state, module));
  release_code(vm, state);
  return call_function(vm, as<Function>(*function), {}, {});
}

Value run_main(VM& vm, std::shared_ptr<CodeUnit> unit, std::string_view file, const std::string* package) {
  Ref module(make_module(vm, "__main__"));
  set_import_names(vm, as<Module>(*module), "__main__", std::string(file), false, {});
  Ref package_name(package ? make_str(vm, *package) : Value::none());
  dict_set(vm, as<Module>(*module)->dict, vm.names.package, *package_name);
  dict_set(vm, vm.modules, vm.names.main, *module);
  if (package && !package->empty()) {
    Ref parent(import_module(vm, *package));
    if (parent.is_error()) return Value::error();
  }
  return run_unit(vm, std::move(unit), *module);
}

void install_modules(VM& vm) {
  vm.callbacks.import_module = import_module;
  vm.callbacks.import = import_callback;
}

bool read_file(const std::string& path, std::string& out, int& error) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    error = errno;
    return false;
  }
  out.clear();
  char buffer[1 << 14];
  ssize_t n;
  do {
    n = ::read(fd, buffer, sizeof buffer);
    if (n > 0) out.append(buffer, static_cast<size_t>(n));
  } while (n > 0 || (n < 0 && errno == EINTR));
  error = n < 0 ? errno : 0;
  ::close(fd);
  return error == 0;
}

}  // namespace tsvm::vm
