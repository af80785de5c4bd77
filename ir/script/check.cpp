#include "ir/script/check.h"

#include <algorithm>
#include <map>
#include <set>

#include "ir/script/compiler.h"
#include "ir/script/signature.h"

namespace tsvm::script {

namespace {

/// A value that a literal of the tree stands for; false: it is none.
bool literal_value(const ast::Expr* e, Const& out, TypeId& type) {
  bool negative = false;
  if (const auto* u = e->as<ast::UnaryOp>(); u && u->op == ast::UnaryOperator::kUSub) {
    negative = true;
    e = u->operand;
  }
  const auto* k = e->as<ast::Constant>();
  if (!k) return false;
  switch (k->value.kind) {
    case ast::ConstantKind::kNone: out = Const{}, type = types::None; return true;
    case ast::ConstantKind::kTrue:
    case ast::ConstantKind::kFalse:
      out = Const::boolean(k->value.kind == ast::ConstantKind::kTrue), type = types::Bool;
      return true;
    case ast::ConstantKind::kInt:
      out = Const::integer(negative ? -k->value.int_value : k->value.int_value), type = types::I64;
      return true;
    case ast::ConstantKind::kFloat:
      out = Const::number(negative ? -k->value.float_value : k->value.float_value), type = types::F64;
      return true;
    case ast::ConstantKind::kStr: out = Const::text(k->value.text), type = types::Str; return true;
    default: return false;
  }
}

/// Something of the surroundings that scripted code can name and not use.
struct OutsideValue : Sugared {
  explicit OutsideValue(std::string t) : type(std::move(t)) {}
  std::string type;
  std::string kind(Compiler&) const override { return "python value of type '" + type + "'"; }
  Value* as_value(Compiler& c, SourceRange r) override {
    c.error(r, kind(c) +
                   " cannot be used as a value. Perhaps it is a closed over global variable? If so, please consider "
                   "passing it in as an argument or use a local varible instead.");
  }
};

/// A builtin that Torch Script has not.
struct OutsideBuiltin : OutsideValue {
  explicit OutsideBuiltin(std::string n) : OutsideValue("builtin_function_or_method"), name(std::move(n)) {}
  std::string name;
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>&, size_t) override {
    c.error(r, "Python builtin <built-in function " + name + "> is currently not supported in Torchscript");
  }
};

/// A dotted name below an imported module.
struct ModulePath : UnknownSugared {
  ModulePath(Program& p, std::string n) : program(p), path(std::move(n)) {}
  Program& program;
  std::string path;
  SugaredPtr attr(Compiler&, SourceRange, const std::string& field) override { return member(field); }
  SugaredPtr member(const std::string& field) {
    std::string name = path + "." + field;
    if (const Special* s = special_named(name)) return std::make_shared<SpecialForm>(*s);
    if (path == "torch") {
      static const std::map<std::string, int64_t> kLayouts = {
          {"strided", 0}, {"contiguous_format", 0}, {"preserve_format", 1}, {"channels_last", 2}};
      std::optional<int64_t> number = program.operators.dtype(field);
      if (auto it = kLayouts.find(field); it != kLayouts.end()) number = it->second;
      if (number) return std::make_shared<ConstantSugared>(Const::integer(*number), types::I64);
      if (!program.operators.find("aten::" + field).empty())
        return std::make_shared<BuiltinFunction>("aten::" + field, nullptr);
    }
    if (path == "math") {
      static const std::map<std::string, double> kNumbers = {{"pi", 3.141592653589793},
                                                             {"e", 2.718281828459045},
                                                             {"tau", 6.283185307179586},
                                                             {"inf", __builtin_inf()},
                                                             {"nan", __builtin_nan("")}};
      if (auto it = kNumbers.find(field); it != kNumbers.end())
        return std::make_shared<ConstantSugared>(Const::number(it->second), types::F64);
      std::string op = "aten::" + (field == "remainder" ? "mathremainder" : field);
      if (!program.operators.find(op).empty()) return std::make_shared<BuiltinFunction>(op, nullptr);
    }
    return std::make_shared<ModulePath>(program, name);
  }
};

class FileHost : public Host {
 public:
  FileHost(Program& p, std::shared_ptr<const SourceFile> s, const ast::Module& tree, const ExceptionNames& exceptions)
      : program_(p), source_(std::move(s)), tree_(tree), exceptions_(exceptions) {}

  std::vector<Diagnostic> run() {
    bind(tree_.body);
    look(tree_.body);
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return a.range.begin < b.range.begin; });
    return std::move(errors_);
  }

  // --- Host ---

  bool collects_errors() const override { return true; }
  void found(const CompileError& e) override {
    // The same place may be reached in several ways.
    if (e.unknown || e.source != source_) return;
    SourceRange r = e.range;
    std::string message = e.message;
    while (!message.empty() && (message.front() == '\n' || message.front() == ' ')) message.erase(0, 1);
    while (!message.empty() && (message.back() == '\n' || message.back() == ':')) message.pop_back();
    // What follows this is the call, which the place shows.
    constexpr std::string_view kCall = "\nThe original call is";
    if (message.size() > kCall.size() && message.compare(message.size() - kCall.size(), kCall.size(), kCall) == 0)
      message.resize(message.size() - kCall.size());
    while (!message.empty() && message.back() == '\n') message.pop_back();
    for (const Diagnostic& d : errors_)
      if (d.range.begin == r.begin && d.message == message) return;
    DiagnosticKind kind = DiagnosticKind::kRuntimeError;
    switch (e.kind) {
      case ErrorClass::RuntimeError: break;
      case ErrorClass::TypeError: kind = DiagnosticKind::kTypeError; break;
      case ErrorClass::ValueError: kind = DiagnosticKind::kValueError; break;
      case ErrorClass::NotImplemented: kind = DiagnosticKind::kNotImplementedError; break;
      case ErrorClass::NotSupported: kind = DiagnosticKind::kNotSupportedError; break;
      case ErrorClass::UnsupportedNode: kind = DiagnosticKind::kUnsupportedNodeError; break;
    }
    errors_.push_back(Diagnostic(kind, r, message));
  }

  SugaredPtr resolve(Compiler& c, Function& f, const std::string& name, SourceRange) override {
    if (name.compare(0, 7, "Tensor.") == 0) return nullptr;
    if (name.compare(0, 6, "super.") == 0 || name.compare(0, 7, "import ") == 0) return unknown();
    (void)c;
    (void)f;
    if (const Binding* b = binding(name)) return meaning(*b);
    if (has_star_import_) return unknown();
    if (const Special* s = special_named(name)) return std::make_shared<SpecialForm>(*s);
    if (is_exception(name)) return std::make_shared<ExceptionSugared>("builtins." + name);
    static const std::set<std::string> kFunctions = {
        "open",    "input",    "map",  "filter", "iter",  "next",    "vars",    "dir",     "exec",   "eval",
        "compile", "callable", "repr", "format", "ascii", "delattr", "setattr", "globals", "locals", "breakpoint"};
    if (kFunctions.count(name)) return std::make_shared<OutsideBuiltin>(name);
    static const std::set<std::string> kOther = {
        "set",      "frozenset",    "type",        "object",   "bytes",    "bytearray", "memoryview",     "slice",
        "property", "staticmethod", "classmethod", "__name__", "__file__", "__doc__",   "NotImplemented", "Ellipsis"};
    return kOther.count(name) ? unknown() : nullptr;
  }

  TypeId resolve_type(Program&, Function&, const std::string& name) override {
    std::string head = name.substr(0, name.find_first_of(".[( "));
    const Binding* b = binding(head);
    if (!b) {
      if (has_star_import_) UnknownSugared::fail();
      return TypeId();
    }
    if (b->kind != Binding::Kind::Class || head != name) UnknownSugared::fail();
    return class_type(*b->class_def);
  }

 private:
  /// What a name at the file's top level is bound to.
  struct Binding {
    enum class Kind : uint8_t { Function, Class, Import, Literal, Unknown } kind = Kind::Unknown;
    const ast::FunctionDef* function = nullptr;
    const ast::ClassDef* class_def = nullptr;
    std::string path;                     // Import: "torch.nn.functional"
    std::string type;                     // Literal: "int"
    const ast::ClassDef* made = nullptr;  // Unknown: an object of this class
  };

  static SugaredPtr unknown() { return std::make_shared<UnknownSugared>(); }
  bool is_exception(const std::string& name) const { return exceptions_.count(name) != 0; }
  const Binding* binding(const std::string& name) const {
    auto it = bindings_.find(name);
    return it == bindings_.end() ? nullptr : &it->second;
  }

  // --- names of the file ---

  void set(const std::string& name, Binding b) {
    auto [it, added] = bindings_.try_emplace(name, b);
    if (!added) it->second = Binding();  // bound twice: which one it is depends on the run
  }

  /// Any name that is stored further in: what it holds is not known.
  struct Stored {
    FileHost& host;
    template <class T>
    void operator()(T* n) {
      visit(n);
    }
    void visit(const ast::Node* n) {
      if (const auto* f = n->as<ast::FunctionDef>()) return host.set(std::string(f->name), Binding());
      if (const auto* c = n->as<ast::ClassDef>()) return host.set(std::string(c->name), Binding());
      if (const auto* a = n->as<ast::Alias>())
        host.set(std::string(a->asname.empty() ? a->name.substr(0, a->name.find('.')) : a->asname), Binding());
      if (const auto* name = n->as<ast::Name>(); name && name->ctx == ast::ExprContext::kStore)
        host.set(std::string(name->id), Binding());
      ast::for_each_child(n, *this);
    }
  };

  void bind(ast::List<ast::Stmt*> body) {
    for (const ast::Stmt* s : body) {
      if (const auto* f = s->as<ast::FunctionDef>()) {
        Binding b;
        b.kind = Binding::Kind::Function;
        b.function = f;
        set(std::string(f->name), b);
      } else if (const auto* c = s->as<ast::ClassDef>()) {
        Binding b;
        b.kind = Binding::Kind::Class;
        b.class_def = c;
        set(std::string(c->name), b);
      } else if (const auto* i = s->as<ast::Import>()) {
        for (const ast::Alias* a : i->names) {
          Binding b;
          b.kind = Binding::Kind::Import;
          std::string full(a->name);
          b.path = a->asname.empty() ? full.substr(0, full.find('.')) : full;
          std::string local(a->asname.empty() ? std::string_view(b.path) : std::string_view(a->asname));
          if (const Binding* known = binding(local); known && known->path == b.path) continue;
          set(local, b);
        }
      } else if (const auto* from = s->as<ast::ImportFrom>()) {
        for (const ast::Alias* a : from->names) {
          has_star_import_ |= a->name == "*";
          Binding b;
          b.kind = Binding::Kind::Import;
          b.path = std::string(from->module) + "." + std::string(a->name);
          set(std::string(a->asname.empty() ? a->name : a->asname), b);
        }
      } else if (const auto* a = s->as<ast::Assign>(); a && a->targets.size() == 1 && a->targets[0]->is<ast::Name>()) {
        set(std::string(a->targets[0]->cast<ast::Name>()->id), binding_of(a->value));
      } else if (!s->is<ast::ExprStmt>()) {
        Stored{*this}.visit(s);
      }
    }
  }

  Binding binding_of(const ast::Expr* value) {
    Binding b;
    Const c;
    TypeId t;
    if (literal_value(value, c, t)) {
      b.kind = Binding::Kind::Literal;
      b.type = t == types::I64    ? "int"
               : t == types::F64  ? "float"
               : t == types::Bool ? "bool"
               : t == types::Str  ? "str"
                                  : "NoneType";
    } else if (const auto* call = value->as<ast::Call>()) {
      if (const auto* n = call->func->as<ast::Name>())
        if (const Binding* made = binding(std::string(n->id)); made && made->kind == Binding::Kind::Class)
          b.made = made->class_def;
    }
    return b;
  }

  /// "torch.jit.script" for `jit.script`, where the file imports it so; empty: no name of an import.
  std::string path_of(const ast::Expr* e) const {
    if (const auto* n = e->as<ast::Name>()) {
      const Binding* b = binding(std::string(n->id));
      return b && b->kind == Binding::Kind::Import ? b->path : "";
    }
    if (const auto* a = e->as<ast::Attribute>()) {
      std::string head = path_of(a->value);
      return head.empty() ? "" : head + "." + std::string(a->attr);
    }
    return "";
  }

  SugaredPtr meaning(const Binding& b) {
    switch (b.kind) {
      case Binding::Kind::Function: {
        Function* f = function_for(*b.function);
        if (!f) return unknown();
        return std::make_shared<FunctionSugared>(f);
      }
      case Binding::Kind::Class: {
        if (is_module(*b.class_def)) return unknown();
        if (inherits(*b.class_def, {"builtins.Exception"})) return unknown();
        TypeId t = class_type(*b.class_def);
        if (program_.types.kind(t) == TypeKind::NamedTuple)
          return std::make_shared<NamedTupleSugared>(t, tuple_fields_[t.index]);
        return std::make_shared<ClassSugared>(program_.class_of(t));
      }
      case Binding::Kind::Import:
        if (const Special* s = special_named(b.path)) return std::make_shared<SpecialForm>(*s);
        if (size_t dot = b.path.rfind('.'); dot != std::string::npos && b.path.substr(0, dot) == "torch")
          return std::make_shared<ModulePath>(program_, "torch")->member(b.path.substr(dot + 1));
        return std::make_shared<ModulePath>(program_, b.path);
      case Binding::Kind::Literal: return std::make_shared<OutsideValue>(b.type);
      case Binding::Kind::Unknown: break;
    }
    return unknown();
  }

  // --- functions ---

  enum class Mark : uint8_t { None, Script, Plain, Other };
  /// What the decorators make of a function: scripted, run as plain code, or something else.
  Mark mark_of(const ast::List<ast::Expr*>& decorators) const {
    Mark mark = Mark::None;
    for (const ast::Expr* d : decorators) {
      const auto* call = d->as<ast::Call>();
      std::string path = path_of(call ? call->func : d);
      if (path == "torch.jit.script" || path == "torch.jit.export" || path == "torch.jit.script_method")
        mark = Mark::Script;
      else if (path == "torch.jit.ignore" || path == "torch.jit.unused")
        return Mark::Plain;
      else
        return Mark::Other;
    }
    return mark;
  }

  Function* new_function(const ast::FunctionDef& def, ClassInfo* owner) {
    Function* f = program_.add_function();
    f->source = source_;
    f->def = &def;
    f->name = def.name;
    f->owner = owner;
    f->qualified_name = (owner ? owner->name : "__torch__") + "." + f->name;
    return f;
  }

  void declare_defaults(Function& f) {
    const ast::Arguments& a = *f.def->args;
    size_t n = a.posonlyargs.size() + a.args.size();
    auto set_default = [&](size_t at, const ast::Expr* e) {
      if (!e || at >= f.params.size()) return;
      FunctionParam& p = f.params[at];
      p.has_default = true;
      TypeId type;
      if (!literal_value(e, p.default_value, type)) return;
      bool fits = program_.is_subtype(type, p.type) ||
                  (type == types::I64 && (p.type == types::F64 || p.type == program_.types.optional(types::F64)));
      if (!fits)
        report(program_, f, f.def->range,
               "Expected a default value of type " + program_.type_text(p.type) + (p.is_inferred ? " (inferred)" : "") +
                   " on parameter \"" + p.name + "\"." +
                   (p.is_inferred ? "Because \"" + p.name +
                                        "\" was not annotated with an explicit type it is assumed to be type 'Tensor'."
                                  : ""));
    };
    for (size_t i = 0; i < a.defaults.size(); i++) set_default(n - a.defaults.size() + i, a.defaults[i]);
    for (size_t i = 0; i < a.kw_defaults.size(); i++) set_default(n + i, a.kw_defaults[i]);
  }

  /// A function of the file, declared; null: what it is only the run tells.
  Function* function_for(const ast::FunctionDef& def) {
    auto [it, added] = functions_.try_emplace(&def, nullptr);
    if (!added) return it->second;
    Mark mark = mark_of(def.decorator_list);
    if (mark == Mark::Plain || mark == Mark::Other) return nullptr;
    Function* f = new_function(def, nullptr);
    functions_[&def] = f;
    check_supported(program_, *f, false);
    declare_signature(program_, *this, *f, false);
    declare_defaults(*f);
    return f;
  }

  /// Runs a check; an error that is not in a statement ends it.
  template <class Fn>
  void guarded(Fn&& fn) {
    try {
      fn();
    } catch (const CompileError& e) {
      found(e);
    }
  }

  void check_function(const ast::FunctionDef& def) {
    guarded([&] {
      if (Function* f = function_for(def)) program_.compile(*f, *this);
    });
  }

  // --- classes ---

  bool inherits(const ast::ClassDef& def, const std::set<std::string>& paths) const {
    for (const ast::Expr* base : def.bases) {
      if (paths.count(path_of(base))) return true;
      const auto* n = base->as<ast::Name>();
      if (!n) continue;
      if (!binding(std::string(n->id)) && paths.count("builtins.Exception") && is_exception(std::string(n->id)))
        return true;
      if (const Binding* b = binding(std::string(n->id)); b && b->kind == Binding::Kind::Class && b->class_def != &def)
        if (inherits(*b->class_def, paths)) return true;
    }
    return false;
  }
  bool is_module(const ast::ClassDef& def) const {
    return inherits(def, {"torch.nn.Module", "torch.jit.ScriptModule", "torch.nn.modules.module.Module"});
  }

  TypeId class_type(const ast::ClassDef& def) {
    auto known = class_types_.find(&def);
    if (known != class_types_.end()) {
      if (!known->second) UnknownSugared::fail();
      return known->second;
    }
    class_types_[&def] = TypeId();
    std::string name = program_.unique_name("__torch__." + std::string(def.name));
    if (is_module(def)) return TypeId();
    for (const ast::Expr* d : def.decorator_list) {
      std::string path = path_of(d);
      if (path != "torch.jit.script" && path != "torch.jit.interface") UnknownSugared::fail();
    }
    if (inherits(def, {"typing.NamedTuple"})) return class_types_[&def] = named_tuple(def, name);
    if (inherits(def, {"enum.Enum", "enum.IntEnum"})) return class_types_[&def] = enumeration(def, name);
    bool is_interface = false;
    for (const ast::Expr* d : def.decorator_list) is_interface |= path_of(d) == "torch.jit.interface";
    for (const ast::Expr* base : def.bases) {
      const auto* n = base->as<ast::Name>();
      if (!is_interface && !(n && n->id == "object")) UnknownSugared::fail();
    }
    ClassInfo* info = program_.add_class(is_interface ? ClassInfo::Kind::Interface : ClassInfo::Kind::Script, name);
    class_types_[&def] = info->type;
    std::vector<Function*> methods;
    for (const ast::Stmt* s : def.body) {
      const auto* f = s->as<ast::FunctionDef>();
      if (!f) continue;
      Mark mark = mark_of(f->decorator_list);
      if (mark == Mark::Plain) continue;
      if (mark == Mark::Other) {
        // Properties, static methods and the like: objects of the class are not known well enough.
        class_types_[&def] = TypeId();
        UnknownSugared::fail();
      }
      Function* fn = new_function(*f, info);
      info->methods.push_back(fn);
      methods.push_back(fn);
    }
    for (Function* fn : methods) {
      check_supported(program_, *fn, false);
      declare_signature(program_, *this, *fn, true);
      if (!fn->params.empty()) {
        fn->params[0].type = info->type;
        fn->params[0].is_inferred = false;
      }
      declare_defaults(*fn);
      if (is_interface) {
        if (!fn->result_is_declared) fn->result = types::None;
        fn->state = Function::State::Ready;
      }
    }
    if (is_interface) return info->type;
    // The constructor first: it says what attributes there are.
    info->is_open = true;
    if (Function* init = info->method("__init__")) {
      init->result = types::None;
      init->result_is_declared = true;
      program_.compile(*init, *this);
    }
    info->is_open = false;
    for (Function* fn : methods)
      if (fn->state == Function::State::Declared) guarded([&] { program_.compile(*fn, *this); });
    return info->type;
  }

  TypeId named_tuple(const ast::ClassDef& def, const std::string& name) {
    Function reader;
    reader.source = source_;
    std::vector<std::string> names;
    std::vector<TypeId> item_types;
    std::vector<FunctionParam> fields;
    for (const ast::Stmt* s : def.body) {
      const auto* a = s->as<ast::AnnAssign>();
      const auto* n = a ? a->target->as<ast::Name>() : nullptr;
      if (!n) continue;
      FunctionParam p;
      p.name = n->id;
      p.type = parse_annotation(program_, *this, reader, a->annotation);
      TypeId type;
      if (a->value) {
        if (!literal_value(a->value, p.default_value, type)) UnknownSugared::fail();
        p.has_default = true;
      }
      names.push_back(p.name);
      item_types.push_back(p.type);
      fields.push_back(std::move(p));
    }
    program_.take_name(name);
    TypeId t = program_.types.named_tuple(name, names, item_types);
    tuple_fields_[t.index] = std::move(fields);
    return t;
  }

  TypeId enumeration(const ast::ClassDef& def, const std::string& name) {
    ClassInfo* info = program_.add_class(ClassInfo::Kind::Enum, name);
    for (const ast::Stmt* s : def.body) {
      const auto* a = s->as<ast::Assign>();
      const auto* n = a && a->targets.size() == 1 ? a->targets[0]->as<ast::Name>() : nullptr;
      if (!n) continue;
      Const value;
      TypeId type;
      if (!literal_value(a->value, value, type)) UnknownSugared::fail();
      if (!info->enum_value) info->enum_value = type;
      ClassInfo::Constant k;
      k.name = n->id;
      k.type = info->type;
      k.value = Const::object(Const::Kind::Object, next_object_++);
      info->constants.push_back(std::move(k));
    }
    return info->type;
  }

  /// A module: its methods with an object that nothing is known about.
  void check_module(const ast::ClassDef& def, bool only_script_methods) {
    if (!modules_.insert(&def).second) return;
    for (const ast::Stmt* s : def.body) {
      const auto* f = s->as<ast::FunctionDef>();
      if (!f) continue;
      Mark mark = mark_of(f->decorator_list);
      bool wanted = mark == Mark::Script || (mark == Mark::None && f->name == "forward" && !only_script_methods);
      if (!wanted) continue;
      guarded([&] {
        Function* fn = new_function(*f, nullptr);
        check_supported(program_, *fn, false);
        declare_signature(program_, *this, *fn, true);
        declare_defaults(*fn);
        if (fn->params.empty()) return;
        fn->fixed[fn->params[0].name] = unknown();
        fn->params.erase(fn->params.begin());
        program_.compile(*fn, *this);
      });
    }
  }

  void check_class(const ast::ClassDef& def) {
    if (is_module(def)) return check_module(def, false);
    guarded([&] { class_type(def); });
  }

  // --- what is scripted ---

  /// torch.jit.script(...) where the file's own statements call it.
  struct Calls {
    FileHost& host;
    template <class T>
    void operator()(T* n) {
      visit(n);
    }
    void visit(const ast::Node* n) {
      if (n->is<ast::FunctionDef>() || n->is<ast::ClassDef>() || n->is<ast::Lambda>()) return;
      if (const auto* call = n->as<ast::Call>())
        if (!call->args.empty() && host.path_of(call->func) == "torch.jit.script") host.scripted(call->args[0]);
      ast::for_each_child(n, *this);
    }
  };

  void scripted(const ast::Expr* e) {
    const ast::Expr* name = e;
    bool made = false;
    if (const auto* call = e->as<ast::Call>()) {
      name = call->func;
      made = true;
    }
    const auto* n = name->as<ast::Name>();
    const Binding* b = n ? binding(std::string(n->id)) : nullptr;
    if (!b) return;
    if (b->kind == Binding::Kind::Function && !made) {
      check_function(*b->function);
    } else if (b->kind == Binding::Kind::Class) {
      if (made == is_module(*b->class_def)) check_class(*b->class_def);
    } else if (b->made && is_module(*b->made) && !made) {
      check_class(*b->made);
    }
  }

  void look(ast::List<ast::Stmt*> body) {
    for (const ast::Stmt* s : body) {
      if (const auto* f = s->as<ast::FunctionDef>()) {
        if (mark_of(f->decorator_list) == Mark::Script) check_function(*f);
      } else if (const auto* c = s->as<ast::ClassDef>()) {
        for (const ast::Expr* d : c->decorator_list)
          if (path_of(d) == "torch.jit.script" || path_of(d) == "torch.jit.interface") check_class(*c);
        if (inherits(*c, {"torch.jit.ScriptModule"})) check_module(*c, true);
      } else {
        Calls{*this}.visit(s);
      }
    }
  }

  Program& program_;
  std::shared_ptr<const SourceFile> source_;
  const ast::Module& tree_;
  const ExceptionNames& exceptions_;
  std::map<std::string, Binding> bindings_;
  bool has_star_import_ = false;
  std::map<const ast::FunctionDef*, Function*> functions_;
  std::map<const ast::ClassDef*, TypeId> class_types_;
  std::map<uint32_t, std::vector<FunctionParam>> tuple_fields_;
  std::set<const ast::ClassDef*> modules_;
  int64_t next_object_ = 0;
  std::vector<Diagnostic> errors_;
};

}  // namespace

std::vector<Diagnostic> check_scripts(std::shared_ptr<const SourceFile> source, ast::Module& tree,
                                      TensorOps* tensor_ops, const ExceptionNames& exceptions) {
  set_script_ranges(tree);
  ir::TypeTable types;
  Program program(types, tensor_ops);
  return FileHost(program, std::move(source), tree, exceptions).run();
}

}  // namespace tsvm::script
