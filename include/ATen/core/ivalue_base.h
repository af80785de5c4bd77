// c10::IValue: any value of Torch Script, as 16 bytes: a tag and a payload. What does not fit is behind a counted
// pointer, so copies of a list, a dict or an object are the same one.
//
// c10::List<T> and c10::Dict<K, V> are typed views of the containers that values hold (ListImpl, DictImpl); they and
// the conversions that need them are in List.h, Dict.h and ivalue.h, which includes it all.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/jit_type.h"
#include "c10/util/intrusive_ptr.h"

namespace torch {
namespace jit {
struct Module;
struct Object;
}  // namespace jit
}  // namespace torch

namespace c10 {

struct IValue;
template <class T>
class List;
template <class K, class V>
class Dict;
namespace detail {
struct ListImpl;
struct DictImpl;
template <class T>
struct FromIValue;
}  // namespace detail

namespace ivalue {
struct ConstantString;
struct Tuple;
/// An object of a class or a module: one of the virtual machine's.
struct Object;
struct ComplexHolder;
}  // namespace ivalue

namespace impl {
using GenericList = c10::List<IValue>;
using GenericDict = c10::Dict<IValue, IValue>;
}  // namespace impl

struct IValue final {
  // From Tensor on, the payload is a counted pointer.
  enum class Tag : uint8_t {
    None,
    Double,
    Int,
    Bool,
    Device,
    Tensor,
    ComplexDouble,
    String,
    Tuple,
    GenericList,
    GenericDict,
    Object,
    Capsule,
  };

  IValue() noexcept : tag_(Tag::None) { p_.i = 0; }
  IValue(const IValue& o) noexcept : tag_(o.tag_), p_(o.p_) {
    if (tag_ >= Tag::Tensor) retain();
  }
  IValue(IValue&& o) noexcept : tag_(std::exchange(o.tag_, Tag::None)), p_(o.p_) {}
  ~IValue() {
    if (tag_ >= Tag::Tensor) release();
  }
  IValue& operator=(IValue o) noexcept {
    swap(o);
    return *this;
  }
  void swap(IValue& o) noexcept {
    std::swap(tag_, o.tag_);
    std::swap(p_, o.p_);
  }

  IValue(at::Tensor t) noexcept : tag_(Tag::Tensor) { p_.t = t.unsafeReleaseTensorImpl(); }
  IValue(double d) noexcept : tag_(Tag::Double) { p_.d = d; }
  IValue(int64_t i) noexcept : tag_(Tag::Int) { p_.i = i; }
  IValue(int32_t i) noexcept : IValue(static_cast<int64_t>(i)) {}
  IValue(bool b) noexcept : tag_(Tag::Bool) { p_.i = b; }
  IValue(c10::Device d) noexcept : tag_(Tag::Device) {
    p_.i = static_cast<int64_t>(d.type()) << 8 | static_cast<uint8_t>(d.index());
  }
  IValue(c10::complex<double> z);
  IValue(const at::Scalar& s);
  IValue(c10::nullopt_t) noexcept : IValue() {}
  IValue(c10::ScalarType t) noexcept : IValue(static_cast<int64_t>(t)) {}
  IValue(c10::Layout l) noexcept : IValue(static_cast<int64_t>(l)) {}
  IValue(c10::MemoryFormat f) noexcept : IValue(static_cast<int64_t>(f)) {}
  IValue(std::string s);
  IValue(const char* s) : IValue(std::string(s)) {}
  IValue(c10::string_view s) : IValue(std::string(s)) {}
  IValue(intrusive_ptr<ivalue::ConstantString> s) noexcept;
  IValue(intrusive_ptr<ivalue::Tuple> t) noexcept;
  IValue(intrusive_ptr<ivalue::Object> o) noexcept;
  IValue(intrusive_ptr<detail::ListImpl> l) noexcept;
  IValue(intrusive_ptr<detail::DictImpl> d) noexcept;
  IValue(const torch::jit::Object& object);
  /// An object of a class of the program's own.
  template <class T, std::enable_if_t<std::is_base_of<torch::CustomClassHolder, T>::value, int> = 0>
  IValue(intrusive_ptr<T> object) noexcept : tag_(Tag::Capsule) {
    p_.p = object.release();
  }
  template <class... T>
  IValue(std::tuple<T...> t)
      : IValue(std::apply([](auto&... items) { return tuple_of({IValue(std::move(items))...}); }, t)) {}
  template <class T>
  IValue(c10::List<T> list) noexcept;
  template <class T>
  IValue(std::vector<T> list);
  template <class T>
  IValue(c10::ArrayRef<T> list) : IValue(list.vec()) {}
  template <class K, class V>
  IValue(c10::Dict<K, V> dict) noexcept;
  /// Any map.
  template <class M, class K = typename M::key_type, class V = typename M::mapped_type>
  IValue(const M& map);
  template <class T>
  IValue(c10::optional<T> v) : IValue() {
    if (v) *this = IValue(*std::move(v));
  }

  Tag tag() const { return tag_; }
  bool isNone() const { return tag_ == Tag::None; }
  bool isTensor() const { return tag_ == Tag::Tensor; }
  bool isDouble() const { return tag_ == Tag::Double; }
  bool isComplexDouble() const { return tag_ == Tag::ComplexDouble; }
  bool isInt() const { return tag_ == Tag::Int; }
  bool isBool() const { return tag_ == Tag::Bool; }
  bool isScalar() const { return isDouble() || isInt() || isComplexDouble() || isBool(); }
  bool isString() const { return tag_ == Tag::String; }
  bool isTuple() const { return tag_ == Tag::Tuple; }
  bool isList() const { return tag_ == Tag::GenericList; }
  bool isIntList() const { return is_list_of(TypeKind::IntType); }
  bool isDoubleList() const { return is_list_of(TypeKind::FloatType); }
  bool isComplexDoubleList() const { return is_list_of(TypeKind::ComplexType); }
  bool isBoolList() const { return is_list_of(TypeKind::BoolType); }
  bool isTensorList() const { return is_list_of(TypeKind::TensorType); }
  bool isGenericDict() const { return tag_ == Tag::GenericDict; }
  bool isObject() const { return tag_ == Tag::Object; }
  bool isModule() const;
  bool isDevice() const { return tag_ == Tag::Device; }
  bool isCustomClass() const { return tag_ == Tag::Capsule; }
  bool isCapsule() const { return tag_ == Tag::Capsule; }
  bool isPtrType() const { return tag_ >= Tag::Tensor; }

  at::Tensor toTensor() const;
  double toDouble() const { return need(Tag::Double).d; }
  c10::complex<double> toComplexDouble() const;
  int64_t toInt() const { return need(Tag::Int).i; }
  bool toBool() const { return need(Tag::Bool).i != 0; }
  at::Scalar toScalar() const;
  c10::Device toDevice() const;
  at::ScalarType toScalarType() const { return static_cast<at::ScalarType>(toInt()); }
  c10::Layout toLayout() const { return static_cast<c10::Layout>(toInt()); }
  c10::MemoryFormat toMemoryFormat() const { return static_cast<c10::MemoryFormat>(toInt()); }
  std::string toNone() const;
  intrusive_ptr<ivalue::ConstantString> toString() const;
  const std::string& toStringRef() const;
  c10::string_view toStringView() const { return toStringRef(); }
  intrusive_ptr<ivalue::Tuple> toTuple() const;
  const ivalue::Tuple& toTupleRef() const;
  intrusive_ptr<ivalue::Object> toObject() const;
  const ivalue::Object& toObjectRef() const;
  torch::jit::Module toModule() const;
  c10::ArrayRef<IValue> toListRef() const;
  c10::List<IValue> toList() const;
  c10::List<int64_t> toIntList() const;
  c10::List<double> toDoubleList() const;
  c10::List<c10::complex<double>> toComplexDoubleList() const;
  c10::List<bool> toBoolList() const;
  c10::List<at::Tensor> toTensorList() const;
  std::vector<int64_t> toIntVector() const;
  std::vector<double> toDoubleVector() const;
  std::vector<at::Tensor> toTensorVector() const;
  c10::Dict<IValue, IValue> toGenericDict() const;
  template <class T>
  c10::optional<T> toOptional() const {
    if (isNone()) return c10::nullopt;
    return to<T>();
  }
  template <class T>
  intrusive_ptr<T> toCustomClass() const {
    auto* object = dynamic_cast<T*>(need(Tag::Capsule).p);
    if (!object) fail_kind("an object of another class");
    return intrusive_ptr<T>::reclaim_copy(object);
  }
  template <class T>
  T to() const {
    return detail::FromIValue<T>::from(*this);
  }

  /// "Int", "Tensor" ...
  std::string tagKind() const;
  TypePtr type() const;
  bool is(const IValue& other) const;
  bool isSameIdentity(const IValue& other) const { return is(other); }
  size_t use_count() const;
  /// Containers inside are copied, objects and tensors too.
  IValue deepcopy() const;
  friend bool operator==(const IValue& a, const IValue& b);
  friend bool operator!=(const IValue& a, const IValue& b) { return !(a == b); }
  /// As LibTorch's ==, which gives a value.
  IValue equals(const IValue& other) const { return *this == other; }
  /// As scripts print it: strings with quotes.
  std::ostream& repr(std::ostream& out) const;

  const detail::ListImpl& list_impl(const char* wanted = "GenericList") const;
  const detail::DictImpl& dict_impl() const;

 private:
  union Payload {
    int64_t i;
    double d;
    TensorImpl* t;
    intrusive_ptr_target* p;
  };
  void retain() const noexcept;
  void release() noexcept;
  const Payload& need(Tag tag) const {
    if (C10_UNLIKELY(tag_ != tag)) fail_kind(tag_name(tag));
    return p_;
  }
  static const char* tag_name(Tag tag);
  [[noreturn]] void fail_kind(const char* wanted) const;
  bool is_list_of(TypeKind kind) const;
  static intrusive_ptr<ivalue::Tuple> tuple_of(std::vector<IValue> items);

  Tag tag_;
  Payload p_;
};

std::ostream& operator<<(std::ostream& out, const IValue& v);

namespace detail {

struct ListImpl final : intrusive_ptr_target {
  explicit ListImpl(TypePtr element) : element_type(std::move(element)) {}
  std::vector<IValue> items;
  TypePtr element_type;
};

/// In the order in which keys came, with a hash index; what is deleted leaves a hole until the next growth.
struct DictImpl final : intrusive_ptr_target {
  DictImpl(TypePtr key, TypePtr value) : key_type(std::move(key)), value_type(std::move(value)) {}
  struct Entry {
    IValue key, value;
    size_t hash;
    bool live;
  };
  static constexpr size_t kNone = ~size_t{0};
  size_t find(const IValue& key) const;
  /// Where the key is then, and whether it is new.
  std::pair<size_t, bool> insert(IValue key, IValue value, bool replace);
  void erase(size_t at);
  void clear();
  /// Takes over another dict's entries.
  void assign(const DictImpl& other);
  size_t next(size_t at) const {
    while (at < entries.size() && !entries[at].live) at++;
    return at;
  }
  std::vector<Entry> entries;
  size_t size = 0;
  TypePtr key_type, value_type;

 private:
  void grow();
  std::vector<size_t> index_;  // open addressing: positions + 1
};
size_t hash_of(const IValue& key);

}  // namespace detail

namespace ivalue {

/// A string that values share.
struct ConstantString final : intrusive_ptr_target {
  explicit ConstantString(std::string s) : text(std::move(s)) {}
  static intrusive_ptr<ConstantString> create(std::string s) { return make_intrusive<ConstantString>(std::move(s)); }
  const std::string& string() const { return text; }
  operator const std::string&() const { return text; }
  const std::string text;
};

struct ComplexHolder final : intrusive_ptr_target {
  explicit ComplexHolder(c10::complex<double> z) : val(z) {}
  c10::complex<double> val;
};

struct Tuple final : intrusive_ptr_target {
  explicit Tuple(std::vector<IValue> items) : items_(std::move(items)) {}
  static intrusive_ptr<Tuple> create(std::vector<IValue> items) { return make_intrusive<Tuple>(std::move(items)); }
  template <class... Args>
  static intrusive_ptr<Tuple> create(Args&&... items) {
    return create(std::vector<IValue>{IValue(std::forward<Args>(items))...});
  }
  static intrusive_ptr<Tuple> createNamed(std::vector<IValue> items, std::vector<std::string> names, std::string type);
  const std::vector<IValue>& elements() const { return items_; }
  size_t size() const { return items_.size(); }
  /// Of a named tuple.
  std::vector<std::string> names;
  std::string type_name;

 private:
  std::vector<IValue> items_;
};

struct Object final : intrusive_ptr_target {
  struct Handle;
  explicit Object(Handle* handle) : handle_(handle) {}
  ~Object() override;
  /// Of its class: "__torch__.Net".
  std::string name() const;
  TypePtr type() const;
  IValue getAttr(const std::string& name) const;
  void setAttr(const std::string& name, IValue v);
  bool hasAttr(const std::string& name) const;
  bool is_module() const;
  bool same(const Object& other) const;
  const Handle& handle() const { return *handle_; }

 private:
  Handle* handle_;
};

}  // namespace ivalue

inline IValue::IValue(intrusive_ptr<ivalue::ConstantString> s) noexcept : tag_(Tag::String) { p_.p = s.release(); }
inline IValue::IValue(intrusive_ptr<ivalue::Tuple> t) noexcept : tag_(Tag::Tuple) { p_.p = t.release(); }
inline IValue::IValue(intrusive_ptr<ivalue::Object> o) noexcept : tag_(Tag::Object) { p_.p = o.release(); }
inline IValue::IValue(intrusive_ptr<detail::ListImpl> l) noexcept : tag_(Tag::GenericList) { p_.p = l.release(); }
inline IValue::IValue(intrusive_ptr<detail::DictImpl> d) noexcept : tag_(Tag::GenericDict) { p_.p = d.release(); }

/// The type of Torch Script that a C++ type stands for.
template <class T>
TypePtr getTypePtr();

namespace detail {

template <class T, class = void>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<T, std::void_t<typename T::key_type, typename T::mapped_type>> : std::true_type {};

// A value as a C++ type: any map among them. Types that have no conversion of their own get an IValue.
template <class T>
struct FromIValue {
  static T from(const IValue& v) {
    if constexpr (std::is_same_v<T, bool>)
      return v.toBool();
    else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
      return static_cast<T>(v.toInt());
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(v.toDouble());
    else if constexpr (std::is_same_v<T, at::Tensor>)
      return v.toTensor();
    else if constexpr (std::is_same_v<T, std::string>)
      return v.toStringRef();
    else if constexpr (std::is_same_v<T, c10::string_view>)
      return v.toStringView();
    else if constexpr (std::is_same_v<T, at::Scalar>)
      return v.toScalar();
    else if constexpr (std::is_same_v<T, c10::Device>)
      return v.toDevice();
    else if constexpr (std::is_same_v<T, c10::complex<double>>)
      return v.toComplexDouble();
    else if constexpr (IsMap<T>::value) {
      T out;
      for (const auto& e : v.to<c10::Dict<typename T::key_type, typename T::mapped_type>>())
        out.emplace(e.key(), e.value());
      return out;
    } else
      return T(v);
  }
};
template <class T>
struct FromIValue<intrusive_ptr<T>> {
  static intrusive_ptr<T> from(const IValue& v) {
    if constexpr (std::is_same_v<T, ivalue::Tuple>)
      return v.toTuple();
    else if constexpr (std::is_same_v<T, ivalue::ConstantString>)
      return v.toString();
    else if constexpr (std::is_same_v<T, ivalue::Object>)
      return v.toObject();
    else
      return v.toCustomClass<T>();
  }
};
template <class T>
struct FromIValue<std::vector<T>> {
  static std::vector<T> from(const IValue& v) {
    std::vector<T> out;
    for (const IValue& item : v.toListRef()) out.push_back(item.to<T>());
    return out;
  }
};
template <class T>
struct FromIValue<c10::optional<T>> {
  static c10::optional<T> from(const IValue& v) { return v.toOptional<T>(); }
};
template <class... T>
struct FromIValue<std::tuple<T...>> {
  template <size_t... I>
  static std::tuple<T...> pick(const std::vector<IValue>& items, std::index_sequence<I...>) {
    return std::tuple<T...>(items.at(I).template to<T>()...);
  }
  static std::tuple<T...> from(const IValue& v) {
    return pick(v.toTupleRef().elements(), std::index_sequence_for<T...>());
  }
};

template <class T>
struct ScriptType {
  static TypePtr get() {
    if constexpr (std::is_same_v<T, at::Tensor>)
      return TensorType::get();
    else if constexpr (std::is_same_v<T, bool>)
      return BoolType::get();
    else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
      return IntType::get();
    else if constexpr (std::is_floating_point_v<T>)
      return FloatType::get();
    else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, c10::string_view>)
      return StringType::get();
    else if constexpr (std::is_same_v<T, c10::complex<double>>)
      return ComplexType::get();
    else if constexpr (std::is_same_v<T, at::Scalar>)
      return NumberType::get();
    else if constexpr (std::is_same_v<T, c10::Device>)
      return DeviceObjType::get();
    else if constexpr (std::is_void_v<T>)
      return NoneType::get();
    else
      return AnyType::get();
  }
};
template <class T>
struct ScriptType<std::vector<T>> {
  static TypePtr get() { return ListType::create(ScriptType<T>::get()); }
};
template <class T>
struct ScriptType<c10::List<T>> : ScriptType<std::vector<T>> {};
template <class T>
struct ScriptType<c10::ArrayRef<T>> : ScriptType<std::vector<T>> {};
template <class K, class V>
struct ScriptType<c10::Dict<K, V>> {
  static TypePtr get() { return DictType::create(ScriptType<K>::get(), ScriptType<V>::get()); }
};
template <class T>
struct ScriptType<c10::optional<T>> {
  static TypePtr get() { return OptionalType::create(ScriptType<T>::get()); }
};
template <class... T>
struct ScriptType<std::tuple<T...>> {
  static TypePtr get() { return TupleType::create({ScriptType<T>::get()...}); }
};

}  // namespace detail

template <class T>
TypePtr getTypePtr() {
  return detail::ScriptType<T>::get();
}

}  // namespace c10
