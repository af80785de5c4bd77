// c10::IValue, its containers and types.
#include "ATen/core/ivalue.h"

#include <cmath>
#include <limits>
#include <sstream>

#include "frontend/convert.h"
#include "torch/autograd.h"
#include "torch/jit.h"

namespace c10 {

// --- types -----------------------------------------------------------------------------------------------------------

const char* typeKindToString(TypeKind kind) {
  static const char* const kNames[] = {"AnyType",    "TensorType",    "TupleType",     "ListType",   "DictType",
                                       "NumberType", "FloatType",     "ComplexType",   "FutureType", "IntType",
                                       "NoneType",   "StringType",    "GeneratorType", "BoolType",   "OptionalType",
                                       "UnionType",  "DeviceObjType", "ClassType",     "CapsuleType"};
  return kNames[static_cast<size_t>(kind)];
}

namespace {

/// Of types without parts; null: it has parts or a name.
const char* simple_name(TypeKind kind, bool as_annotation) {
  switch (kind) {
    case TypeKind::AnyType: return "Any";
    case TypeKind::TensorType: return "Tensor";
    case TypeKind::NumberType: return as_annotation ? "number" : "Scalar";
    case TypeKind::FloatType: return "float";
    case TypeKind::ComplexType: return "complex";
    case TypeKind::IntType: return "int";
    case TypeKind::NoneType: return "NoneType";
    case TypeKind::StringType: return "str";
    case TypeKind::GeneratorType: return "Generator";
    case TypeKind::BoolType: return "bool";
    case TypeKind::DeviceObjType: return "Device";
    case TypeKind::CapsuleType: return "Capsule";
    default: return nullptr;
  }
}

std::string joined(const std::vector<TypePtr>& types, std::string (Type::*text)() const) {
  std::string s;
  for (const TypePtr& t : types) s += (s.empty() ? "" : ", ") + (t.get()->*text)();
  return s;
}

/// Reads annotations.
class TypeReader {
 public:
  explicit TypeReader(const std::string& text) : text_(text) {}
  TypePtr read() {
    const std::string name = word();
    for (int k = 0; k <= static_cast<int>(TypeKind::CapsuleType); k++) {
      const char* simple = simple_name(static_cast<TypeKind>(k), true);
      if (simple && name == simple) return Type::make(static_cast<TypeKind>(k));
    }
    if (name == "None") return NoneType::get();
    std::vector<TypePtr> inside;
    if (take('[')) do {
        if (take('(')) {  // Tuple[()]
          take(')');
          continue;
        }
        inside.push_back(read());
      } while (take(','));
    take(']');
    static const std::pair<const char*, TypeKind> kGenerics[] = {
        {"List", TypeKind::ListType},         {"Dict", TypeKind::DictType},   {"Tuple", TypeKind::TupleType},
        {"Optional", TypeKind::OptionalType}, {"Union", TypeKind::UnionType}, {"Future", TypeKind::FutureType}};
    for (const auto& [generic, kind] : kGenerics)
      if (name == generic) return Type::make(kind, std::move(inside));
    return Type::make(TypeKind::ClassType, {}, name);
  }

 private:
  std::string word() {
    while (at_ < text_.size() && text_[at_] == ' ') at_++;
    const size_t from = at_;
    while (at_ < text_.size() && std::string_view("[](), ").find(text_[at_]) == std::string_view::npos) at_++;
    return text_.substr(from, at_ - from);
  }
  bool take(char c) {
    while (at_ < text_.size() && text_[at_] == ' ') at_++;
    if (at_ >= text_.size() || text_[at_] != c) return false;
    at_++;
    return true;
  }
  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

TypePtr Type::make(TypeKind kind, std::vector<TypePtr> contained, std::string name, bool is_module) {
  if (contained.empty() && name.empty()) {
    // One of each.
    static const std::vector<TypePtr> plain = [] {
      std::vector<TypePtr> all;
      for (int k = 0; k <= static_cast<int>(TypeKind::CapsuleType); k++)
        all.push_back(std::make_shared<Type>(static_cast<TypeKind>(k), std::vector<TypePtr>(), std::string()));
      return all;
    }();
    return plain[static_cast<size_t>(kind)];
  }
  auto t = std::make_shared<Type>(kind, std::move(contained), std::move(name));
  t->is_module_ = is_module;
  return t;
}
TypePtr Type::parse(const std::string& annotation) { return TypeReader(annotation).read(); }

std::string Type::str() const {
  if (const char* simple = simple_name(kind_, false)) return simple;
  if (!name_.empty()) return name_;
  switch (kind_) {
    case TypeKind::ListType: return contained_.at(0)->str() + "[]";
    case TypeKind::OptionalType: return contained_.at(0)->str() + "?";
    case TypeKind::DictType: return "Dict(" + joined(contained_, &Type::str) + ")";
    case TypeKind::FutureType: return "Future(" + joined(contained_, &Type::str) + ")";
    case TypeKind::UnionType: return "Union(" + joined(contained_, &Type::str) + ")";
    default: return "(" + joined(contained_, &Type::str) + ")";
  }
}
std::string Type::annotation_str() const {
  if (const char* simple = simple_name(kind_, true)) return simple;
  if (!name_.empty()) return name_;
  const std::string inside = joined(contained_, &Type::annotation_str);
  switch (kind_) {
    case TypeKind::ListType: return "List[" + inside + "]";
    case TypeKind::OptionalType: return "Optional[" + inside + "]";
    case TypeKind::DictType: return "Dict[" + inside + "]";
    case TypeKind::FutureType: return "Future[" + inside + "]";
    case TypeKind::UnionType: return "Union[" + inside + "]";
    default: return "Tuple[" + (inside.empty() ? "()" : inside) + "]";
  }
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_ || a.name_ != b.name_ || a.contained_.size() != b.contained_.size()) return false;
  for (size_t i = 0; i < a.contained_.size(); i++)
    if (!(*a.contained_[i] == *b.contained_[i])) return false;
  return true;
}
bool Type::isSubtypeOf(const Type& other) const {
  if (*this == other || other.kind_ == TypeKind::AnyType) return true;
  switch (other.kind_) {
    case TypeKind::NumberType:
      return kind_ == TypeKind::IntType || kind_ == TypeKind::FloatType || kind_ == TypeKind::ComplexType;
    case TypeKind::OptionalType:
      if (kind_ == TypeKind::OptionalType) return contained_[0]->isSubtypeOf(*other.contained_[0]);
      return kind_ == TypeKind::NoneType || isSubtypeOf(*other.contained_[0]);
    case TypeKind::UnionType:
      for (const TypePtr& t : other.contained_)
        if (isSubtypeOf(*t)) return true;
      return false;
    case TypeKind::TupleType:
      // A named tuple is a tuple.
      if (kind_ != TypeKind::TupleType || !other.name_.empty() || contained_.size() != other.contained_.size())
        return false;
      for (size_t i = 0; i < contained_.size(); i++)
        if (!contained_[i]->isSubtypeOf(*other.contained_[i])) return false;
      return true;
    default: return false;
  }
}
std::ostream& operator<<(std::ostream& out, const Type& t) { return out << t.str(); }

// --- values ----------------------------------------------------------------------------------------------------------

void IValue::retain() const noexcept {
  if (tag_ != Tag::Tensor)
    detail::Counts::retain(p_.p);
  else if (p_.t)
    c10::detail::retain_tensor(p_.t);
}
void IValue::release() noexcept {
  if (tag_ != Tag::Tensor)
    detail::Counts::release(p_.p);
  else if (p_.t)
    c10::detail::release_tensor(p_.t);
}

IValue::IValue(c10::complex<double> z) : tag_(Tag::ComplexDouble) {
  p_.p = make_intrusive<ivalue::ComplexHolder>(z).release();
}
IValue::IValue(std::string s) : IValue(ivalue::ConstantString::create(std::move(s))) {}
IValue::IValue(const at::Scalar& s) : IValue() {
  if (s.isFloatingPoint())
    *this = IValue(s.toDouble());
  else if (s.isComplex())
    *this = IValue(s.toComplexDouble());
  else if (s.isBoolean())
    *this = IValue(s.toBool());
  else
    *this = IValue(s.toLong());
}
IValue::IValue(const torch::jit::Object& object) : IValue(object._ivalue()) {}
intrusive_ptr<ivalue::Tuple> IValue::tuple_of(std::vector<IValue> items) {
  return ivalue::Tuple::create(std::move(items));
}

const char* IValue::tag_name(Tag tag) {
  static const char* const kNames[] = {"None",        "Double",        "Int",    "Bool",  "Device",
                                       "Tensor",      "ComplexDouble", "String", "Tuple", "GenericList",
                                       "GenericDict", "Object",        "Capsule"};
  return kNames[static_cast<size_t>(tag)];
}
std::string IValue::tagKind() const { return tag_name(tag_); }
void IValue::fail_kind(const char* wanted) const {
  throw Error(std::string("Expected ") + wanted + " but got " + tag_name(tag_), "");
}

at::Tensor IValue::toTensor() const {
  c10::TensorImpl* t = need(Tag::Tensor).t;
  if (t) c10::detail::retain_tensor(t);
  return at::Tensor::adopt(t);
}
c10::complex<double> IValue::toComplexDouble() const {
  return static_cast<ivalue::ComplexHolder*>(need(Tag::ComplexDouble).p)->val;
}
at::Scalar IValue::toScalar() const {
  if (isDouble()) return toDouble();
  if (isInt()) return toInt();
  if (isComplexDouble()) return toComplexDouble();
  if (isBool()) return toBool();
  throw std::runtime_error("IValue is not a Scalar");
}
c10::Device IValue::toDevice() const {
  const int64_t i = need(Tag::Device).i;
  return c10::Device(static_cast<c10::DeviceType>(i >> 8), static_cast<c10::DeviceIndex>(i & 0xff));
}
std::string IValue::toNone() const {
  (void)need(Tag::None);
  return "None";
}
template <class T>
static intrusive_ptr<T> counted(intrusive_ptr_target* p) {
  return intrusive_ptr<T>::reclaim_copy(static_cast<T*>(p));
}
intrusive_ptr<ivalue::ConstantString> IValue::toString() const {
  return counted<ivalue::ConstantString>(need(Tag::String).p);
}
const std::string& IValue::toStringRef() const {
  return static_cast<ivalue::ConstantString*>(need(Tag::String).p)->text;
}
intrusive_ptr<ivalue::Tuple> IValue::toTuple() const { return counted<ivalue::Tuple>(need(Tag::Tuple).p); }
const ivalue::Tuple& IValue::toTupleRef() const { return *static_cast<ivalue::Tuple*>(need(Tag::Tuple).p); }
intrusive_ptr<ivalue::Object> IValue::toObject() const { return counted<ivalue::Object>(need(Tag::Object).p); }
const ivalue::Object& IValue::toObjectRef() const { return *static_cast<ivalue::Object*>(need(Tag::Object).p); }
bool IValue::isModule() const { return isObject() && toObjectRef().is_module(); }
torch::jit::Module IValue::toModule() const {
  if (!isModule()) fail_kind("Module");
  return torch::jit::Module(toObject());
}
const detail::ListImpl& IValue::list_impl(const char* wanted) const {
  if (tag_ != Tag::GenericList) fail_kind(wanted);
  return *static_cast<detail::ListImpl*>(p_.p);
}
const detail::DictImpl& IValue::dict_impl() const { return *static_cast<detail::DictImpl*>(need(Tag::GenericDict).p); }
ArrayRef<IValue> IValue::toListRef() const { return list_impl().items; }

/// A typed view of the list; its items must be of that kind.
template <class T>
static c10::List<T> typed(const IValue& v, bool fits, const char* wanted) {
  const detail::ListImpl& list = v.list_impl(wanted);
  if (!fits && !list.items.empty()) (void)list.items[0].to<T>();
  return v.to<c10::List<T>>();
}
c10::List<IValue> IValue::toList() const { return to<c10::List<IValue>>(); }
c10::List<int64_t> IValue::toIntList() const { return typed<int64_t>(*this, isIntList(), "IntList"); }
c10::List<double> IValue::toDoubleList() const { return typed<double>(*this, isDoubleList(), "DoubleList"); }
c10::List<c10::complex<double>> IValue::toComplexDoubleList() const {
  return typed<c10::complex<double>>(*this, isComplexDoubleList(), "ComplexDoubleList");
}
c10::List<bool> IValue::toBoolList() const { return typed<bool>(*this, isBoolList(), "BoolList"); }
c10::List<at::Tensor> IValue::toTensorList() const { return typed<at::Tensor>(*this, isTensorList(), "TensorList"); }
std::vector<int64_t> IValue::toIntVector() const { return toIntList().vec(); }
std::vector<double> IValue::toDoubleVector() const { return toDoubleList().vec(); }
std::vector<at::Tensor> IValue::toTensorVector() const { return toTensorList().vec(); }
c10::Dict<IValue, IValue> IValue::toGenericDict() const { return to<c10::Dict<IValue, IValue>>(); }

bool IValue::is_list_of(TypeKind kind) const {
  if (tag_ != Tag::GenericList) return false;
  const detail::ListImpl& list = list_impl();
  if (list.element_type->kind() != TypeKind::AnyType || list.items.empty()) return list.element_type->kind() == kind;
  for (const IValue& v : list.items)
    if (v.type()->kind() != kind) return false;
  return true;
}

TypePtr IValue::type() const {
  // Of lists and dicts of values, what is in them says it.
  auto common = [](TypePtr declared, auto&& each) {
    if (declared->kind() != TypeKind::AnyType) return declared;
    TypePtr found;
    bool same = true;
    each([&](const IValue& v) {
      TypePtr t = v.type();
      if (!found)
        found = t;
      else
        same = same && *found == *t;
    });
    return found && same ? found : declared;
  };
  switch (tag_) {
    case Tag::None: return NoneType::get();
    case Tag::Double: return FloatType::get();
    case Tag::Int: return IntType::get();
    case Tag::Bool: return BoolType::get();
    case Tag::Device: return DeviceObjType::get();
    case Tag::Tensor: return TensorType::get();
    case Tag::ComplexDouble: return ComplexType::get();
    case Tag::String: return StringType::get();
    case Tag::Tuple: {
      std::vector<TypePtr> items;
      for (const IValue& v : toTupleRef().elements()) items.push_back(v.type());
      return Type::make(TypeKind::TupleType, std::move(items), toTupleRef().type_name);
    }
    case Tag::GenericList:
      return ListType::create(common(list_impl().element_type, [&](auto f) {
        for (const IValue& v : list_impl().items) f(v);
      }));
    case Tag::GenericDict:
      return DictType::create(common(dict_impl().key_type,
                                     [&](auto f) {
                                       for (const auto& e : dict_impl().entries)
                                         if (e.live) f(e.key);
                                     }),
                              common(dict_impl().value_type, [&](auto f) {
                                for (const auto& e : dict_impl().entries)
                                  if (e.live) f(e.value);
                              }));
    case Tag::Object: return toObjectRef().type();
    case Tag::Capsule: return Type::make(TypeKind::CapsuleType);
  }
  return AnyType::get();
}

size_t IValue::use_count() const {
  if (tag_ == Tag::Tensor) return toTensor().use_count() - 1;
  return isPtrType() ? detail::Counts::strong(p_.p) : 1;
}

bool IValue::is(const IValue& other) const {
  if (tag_ != other.tag_) return false;
  if (tag_ == Tag::Tensor) return p_.t == other.p_.t;
  if (tag_ == Tag::Object) return toObjectRef().same(other.toObjectRef());
  if (isPtrType() && tag_ != Tag::String && tag_ != Tag::ComplexDouble) return p_.p == other.p_.p;
  return *this == other;
}

bool operator==(const IValue& a, const IValue& b) {
  if (a.tag_ != b.tag_) return false;
  switch (a.tag_) {
    case IValue::Tag::None: return true;
    case IValue::Tag::Double: return a.p_.d == b.p_.d;
    case IValue::Tag::Int:
    case IValue::Tag::Bool:
    case IValue::Tag::Device: return a.p_.i == b.p_.i;
    case IValue::Tag::Tensor: {
      const at::Tensor x = a.toTensor(), y = b.toTensor();
      return x.is_same(y) || (x.defined() && y.defined() && at::equal(x, y));
    }
    case IValue::Tag::ComplexDouble: return a.toComplexDouble() == b.toComplexDouble();
    case IValue::Tag::String: return a.toStringRef() == b.toStringRef();
    case IValue::Tag::Tuple: return a.toTupleRef().elements() == b.toTupleRef().elements();
    case IValue::Tag::GenericList: return a.list_impl().items == b.list_impl().items;
    case IValue::Tag::GenericDict: {
      const detail::DictImpl &x = a.dict_impl(), &y = b.dict_impl();
      if (x.size != y.size) return false;
      for (const auto& e : x.entries) {
        if (!e.live) continue;
        const size_t at = y.find(e.key);
        if (at == detail::DictImpl::kNone || !(y.entries[at].value == e.value)) return false;
      }
      return true;
    }
    case IValue::Tag::Object: return a.toObjectRef().same(b.toObjectRef());
    case IValue::Tag::Capsule: return a.p_.p == b.p_.p;
  }
  return false;
}

IValue IValue::deepcopy() const {
  switch (tag_) {
    case Tag::Tensor: {
      const at::Tensor t = toTensor();
      return t.defined() ? t.clone() : t;
    }
    case Tag::Tuple: {
      std::vector<IValue> items;
      for (const IValue& v : toTupleRef().elements()) items.push_back(v.deepcopy());
      return ivalue::Tuple::createNamed(std::move(items), toTupleRef().names, toTupleRef().type_name);
    }
    case Tag::GenericList: {
      auto copy = make_intrusive<detail::ListImpl>(list_impl().element_type);
      for (const IValue& v : list_impl().items) copy->items.push_back(v.deepcopy());
      return copy;
    }
    case Tag::GenericDict: {
      auto copy = make_intrusive<detail::DictImpl>(dict_impl().key_type, dict_impl().value_type);
      for (const auto& e : dict_impl().entries)
        if (e.live) copy->insert(e.key.deepcopy(), e.value.deepcopy(), true);
      return copy;
    }
    case Tag::Object: return torch::jit::Object(toObject()).deepcopy();
    default: return *this;
  }
}

// --- containers ------------------------------------------------------------------------------------------------------

intrusive_ptr<ivalue::Tuple> ivalue::Tuple::createNamed(std::vector<IValue> items, std::vector<std::string> names,
                                                        std::string type) {
  auto t = create(std::move(items));
  t->names = std::move(names);
  t->type_name = std::move(type);
  return t;
}

namespace detail {

size_t hash_of(const IValue& key) {
  switch (key.tag()) {
    case IValue::Tag::None: return 0;
    case IValue::Tag::Bool: return std::hash<bool>()(key.toBool());
    case IValue::Tag::Int: return std::hash<int64_t>()(key.toInt());
    case IValue::Tag::Double: return std::hash<double>()(key.toDouble());
    case IValue::Tag::String: return std::hash<std::string>()(key.toStringRef());
    case IValue::Tag::ComplexDouble:
      return std::hash<double>()(key.toComplexDouble().real()) ^ std::hash<double>()(key.toComplexDouble().imag()) << 1;
    case IValue::Tag::Device:
      return static_cast<size_t>(key.toDevice().type()) << 8 | static_cast<uint8_t>(key.toDevice().index());
    // By value: equal tensors are equal keys only when they are the same, which their sizes cannot contradict.
    case IValue::Tag::Tensor: return static_cast<size_t>(key.toTensor().defined() ? key.toTensor().numel() : 0);
    case IValue::Tag::Tuple: {
      size_t h = 7;
      for (const IValue& v : key.toTupleRef().elements()) h = h * 1000003 ^ hash_of(v);
      return h;
    }
    default: throw std::runtime_error("Can't hash IValues with tag '" + key.tagKind() + "'");
  }
}

size_t DictImpl::find(const IValue& key) const {
  if (index_.empty()) return kNone;
  const size_t h = hash_of(key), mask = index_.size() - 1;
  for (size_t i = h * 0x9e3779b97f4a7c15u >> 20 & mask; index_[i]; i = (i + 1) & mask) {
    const Entry& e = entries[index_[i] - 1];
    if (e.live && e.hash == h && e.key == key) return index_[i] - 1;
  }
  return kNone;
}
void DictImpl::grow() {
  std::vector<Entry> live;
  live.reserve(size + 1);
  for (Entry& e : entries)
    if (e.live) live.push_back(std::move(e));
  entries = std::move(live);
  size_t n = 8;
  while (n < 3 * (entries.size() + 1)) n *= 2;
  index_.assign(n, 0);
  for (size_t at = 0; at < entries.size(); at++) {
    size_t i = entries[at].hash * 0x9e3779b97f4a7c15u >> 20 & (n - 1);
    while (index_[i]) i = (i + 1) & (n - 1);
    index_[i] = at + 1;
  }
}
std::pair<size_t, bool> DictImpl::insert(IValue key, IValue value, bool replace) {
  const size_t found = find(key);
  if (found != kNone) {
    if (replace) entries[found].value = std::move(value);
    return {found, false};
  }
  // Holes count: they are in the index.
  if (2 * (entries.size() + 1) > index_.size()) grow();
  const size_t h = hash_of(key), mask = index_.size() - 1;
  size_t i = h * 0x9e3779b97f4a7c15u >> 20 & mask;
  while (index_[i]) i = (i + 1) & mask;
  entries.push_back({std::move(key), std::move(value), h, true});
  index_[i] = entries.size();
  size++;
  return {entries.size() - 1, true};
}
void DictImpl::erase(size_t at) {
  entries[at].key = entries[at].value = IValue();
  entries[at].live = false;
  size--;
}
void DictImpl::clear() {
  entries.clear();
  index_.clear();
  size = 0;
}
void DictImpl::assign(const DictImpl& other) {
  entries = other.entries;
  index_ = other.index_;
  size = other.size;
}

}  // namespace detail

// --- printing --------------------------------------------------------------------------------------------------------

namespace {

std::ostream& print_number(std::ostream& out, double d) {
  if (std::isfinite(d) && d == std::trunc(d) && std::fabs(d) < 9.2e18) {
    if (d == 0 && std::signbit(d)) out << '-';
    return out << static_cast<int64_t>(d) << ".";
  }
  const auto before = out.precision(std::numeric_limits<double>::max_digits10);
  out << d;
  out.precision(before);
  return out;
}

std::ostream& print(std::ostream& out, const IValue& v, bool quoted) {
  auto items = [&](const std::vector<IValue>& list) {
    for (size_t i = 0; i < list.size(); i++) {
      if (i) out << ", ";
      print(out, list[i], quoted);
    }
  };
  switch (v.tag()) {
    case IValue::Tag::None: return out << "None";
    case IValue::Tag::Tensor: return out << v.toTensor();
    case IValue::Tag::Double: return print_number(out, v.toDouble());
    case IValue::Tag::ComplexDouble: {
      const c10::complex<double> z = v.toComplexDouble();
      print_number(out, z.real());
      if (!std::signbit(z.imag())) out << '+';
      return print_number(out, z.imag()) << 'j';
    }
    case IValue::Tag::Int: return out << v.toInt();
    case IValue::Tag::Bool: return out << (v.toBool() ? "True" : "False");
    case IValue::Tag::String: return quoted ? out << '"' << v.toStringRef() << '"' : out << v.toStringRef();
    case IValue::Tag::Device: return out << v.toDevice();
    case IValue::Tag::Tuple:
      out << "(";
      items(v.toTupleRef().elements());
      return out << (v.toTupleRef().size() == 1 ? ",)" : ")");
    case IValue::Tag::GenericList:
      out << "[";
      items(v.list_impl().items);
      return out << "]";
    case IValue::Tag::GenericDict: {
      out << "{";
      bool first = true;
      for (const auto& e : v.dict_impl().entries) {
        if (!e.live) continue;
        if (!first) out << ", ";
        first = false;
        print(out, e.key, quoted) << ": ";
        print(out, e.value, quoted);
      }
      return out << "}";
    }
    case IValue::Tag::Object: return out << "<" << v.toObjectRef().name() << " object at " << &v.toObjectRef() << ">";
    case IValue::Tag::Capsule: return out << "Capsule";
  }
  return out;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const IValue& v) { return print(out, v, false); }
std::ostream& IValue::repr(std::ostream& out) const { return print(out, *this, true); }

}  // namespace c10
