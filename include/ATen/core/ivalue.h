// c10::IValue: any value of Torch Script.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "ATen/core/Dict.h"
#include "ATen/core/List.h"
#include "ATen/core/Tensor.h"

namespace c10 {

struct IValue;
namespace ivalue {

/// A string that values share.
struct ConstantString {
  explicit ConstantString(std::string s) : text(std::move(s)) {}
  const std::string& string() const { return text; }
  string_view string_view_() const { return text; }
  operator const std::string&() const { return text; }
  std::string text;
};

struct Tuple {
  explicit Tuple(std::vector<IValue> items) : items_(std::move(items)) {}
  static std::shared_ptr<Tuple> create(std::vector<IValue> items) { return std::make_shared<Tuple>(std::move(items)); }
  template <class... Args>
  static std::shared_ptr<Tuple> create(Args&&... items);
  static std::shared_ptr<Tuple> createNamed(std::vector<IValue> items, std::vector<std::string> names,
                                            std::string type);
  const std::vector<IValue>& elements() const { return items_; }
  size_t size() const;
  /// Of a named tuple.
  std::vector<std::string> names;
  std::string type_name;

 private:
  std::vector<IValue> items_;
};

struct List;
struct Dict;
/// An instance of a class or module: a value of the virtual machine's.
struct Object;
struct Future;

}  // namespace ivalue

namespace impl {
using GenericList = c10::List<IValue>;
using GenericDict = c10::Dict<IValue, IValue>;
}  // namespace impl

struct IValue final {
  IValue() = default;
  IValue(at::Tensor t) : v_(std::move(t)) {}
  IValue(double d) : v_(d) {}
  IValue(c10::complex<double> z) : v_(z) {}
  IValue(int64_t i) : v_(i) {}
  IValue(int32_t i) : v_(static_cast<int64_t>(i)) {}
  IValue(bool b) : v_(b) {}
  IValue(c10::nullopt_t) {}
  IValue(std::string s) : v_(std::make_shared<ivalue::ConstantString>(std::move(s))) {}
  IValue(const char* s) : IValue(std::string(s)) {}
  IValue(c10::string_view s) : IValue(std::string(s)) {}
  IValue(std::shared_ptr<ivalue::ConstantString> s) : v_(std::move(s)) {}
  IValue(std::shared_ptr<ivalue::Tuple> t) : v_(std::move(t)) {}
  IValue(std::shared_ptr<ivalue::List> l) : v_(std::move(l)) {}
  IValue(std::shared_ptr<ivalue::Dict> d) : v_(std::move(d)) {}
  IValue(std::shared_ptr<ivalue::Object> o) : v_(std::move(o)) {}
  IValue(c10::Device d) : v_(d) {}
  IValue(const at::Scalar& s);
  IValue(c10::ScalarType t) : IValue(static_cast<int64_t>(t)) {}
  template <class... T>
  IValue(std::tuple<T...> t)
      : IValue(std::apply([](auto&&... items) { return ivalue::Tuple::create(std::vector<IValue>{IValue(items)...}); },
                          std::move(t))) {}
  template <class T>
  IValue(c10::List<T> list);
  template <class T>
  IValue(std::vector<T> list);
  template <class T>
  IValue(c10::ArrayRef<T> list) : IValue(list.vec()) {}
  template <class K, class V>
  IValue(c10::Dict<K, V> dict);
  template <class K, class V>
  IValue(std::unordered_map<K, V> dict);
  template <class K, class V>
  IValue(std::map<K, V> dict);
  template <class T>
  IValue(c10::optional<T> v) {
    if (v) *this = IValue(*std::move(v));
  }

  bool isNone() const { return v_.index() == 0; }
  bool isTensor() const { return is<at::Tensor>(); }
  bool isDouble() const { return is<double>(); }
  bool isComplexDouble() const { return is<c10::complex<double>>(); }
  bool isInt() const { return is<int64_t>(); }
  bool isBool() const { return is<bool>(); }
  bool isScalar() const { return isDouble() || isInt() || isComplexDouble() || isBool(); }
  bool isString() const { return is<std::shared_ptr<ivalue::ConstantString>>(); }
  bool isTuple() const { return is<std::shared_ptr<ivalue::Tuple>>(); }
  bool isList() const { return is<std::shared_ptr<ivalue::List>>(); }
  bool isIntList() const;
  bool isDoubleList() const;
  bool isBoolList() const;
  bool isTensorList() const;
  bool isGenericDict() const { return is<std::shared_ptr<ivalue::Dict>>(); }
  bool isObject() const { return is<std::shared_ptr<ivalue::Object>>(); }
  bool isDevice() const { return is<c10::Device>(); }
  bool isPtrType() const { return isTensor() || isString() || isTuple() || isList() || isGenericDict() || isObject(); }

  at::Tensor toTensor() const { return get<at::Tensor>("Tensor"); }
  double toDouble() const { return get<double>("Double"); }
  c10::complex<double> toComplexDouble() const { return get<c10::complex<double>>("ComplexDouble"); }
  int64_t toInt() const { return get<int64_t>("Int"); }
  bool toBool() const { return get<bool>("Bool"); }
  at::Scalar toScalar() const;
  c10::Device toDevice() const { return get<c10::Device>("Device"); }
  at::ScalarType toScalarType() const { return static_cast<at::ScalarType>(toInt()); }
  std::shared_ptr<ivalue::ConstantString> toString() const {
    return get<std::shared_ptr<ivalue::ConstantString>>("String");
  }
  const std::string& toStringRef() const { return get<std::shared_ptr<ivalue::ConstantString>>("String")->text; }
  c10::string_view toStringView() const { return toStringRef(); }
  std::shared_ptr<ivalue::Tuple> toTuple() const { return get<std::shared_ptr<ivalue::Tuple>>("Tuple"); }
  const ivalue::Tuple& toTupleRef() const { return *get<std::shared_ptr<ivalue::Tuple>>("Tuple"); }
  std::shared_ptr<ivalue::Object> toObject() const { return get<std::shared_ptr<ivalue::Object>>("Object"); }
  c10::ArrayRef<IValue> toListRef() const;
  c10::List<IValue> toList() const;
  c10::List<int64_t> toIntList() const { return toTypedList<int64_t>(); }
  c10::List<double> toDoubleList() const { return toTypedList<double>(); }
  c10::List<bool> toBoolList() const { return toTypedList<bool>(); }
  c10::List<at::Tensor> toTensorList() const { return toTypedList<at::Tensor>(); }
  std::vector<int64_t> toIntVector() const { return to<std::vector<int64_t>>(); }
  std::vector<double> toDoubleVector() const { return to<std::vector<double>>(); }
  std::vector<at::Tensor> toTensorVector() const { return to<std::vector<at::Tensor>>(); }
  c10::Dict<IValue, IValue> toGenericDict() const;
  template <class T>
  c10::optional<T> toOptional() const {
    if (isNone()) return c10::nullopt;
    return to<T>();
  }
  template <class T>
  T to() const;

  /// "Int", "Tensor" ...
  std::string tagKind() const;
  bool is(const IValue& other) const;
  friend bool operator==(const IValue& a, const IValue& b);
  friend bool operator!=(const IValue& a, const IValue& b) { return !(a == b); }

  /// Of a list: its items.
  static IValue list_of(std::vector<IValue> items);
  static IValue dict_of(std::vector<std::pair<IValue, IValue>> entries);
  const std::vector<std::pair<IValue, IValue>>& dict_entries() const;

 private:
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(v_);
  }
  template <class T>
  const T& get(const char* what) const {
    const T* p = std::get_if<T>(&v_);
    if (!p) fail_kind(what);
    return *p;
  }
  [[noreturn]] void fail_kind(const char* wanted) const;
  template <class T>
  c10::List<T> toTypedList() const {
    return c10::List<T>(to<std::vector<T>>());
  }
  template <class T>
  struct Convert;

  std::variant<std::monostate, at::Tensor, double, c10::complex<double>, int64_t, bool,
               std::shared_ptr<ivalue::ConstantString>, std::shared_ptr<ivalue::Tuple>, std::shared_ptr<ivalue::List>,
               std::shared_ptr<ivalue::Dict>, std::shared_ptr<ivalue::Object>, c10::Device>
      v_;
};

std::ostream& operator<<(std::ostream& out, const IValue& v);

namespace ivalue {
struct List {
  std::vector<IValue> items;
};
struct Dict {
  std::vector<std::pair<IValue, IValue>> entries;
};
template <class... Args>
std::shared_ptr<Tuple> Tuple::create(Args&&... items) {
  return create(std::vector<IValue>{IValue(std::forward<Args>(items))...});
}
inline size_t Tuple::size() const { return items_.size(); }
}  // namespace ivalue

template <class T>
IValue::IValue(std::vector<T> list) {
  std::vector<IValue> items;
  items.reserve(list.size());
  for (auto&& item : list) items.push_back(IValue(static_cast<T>(std::move(item))));
  *this = list_of(std::move(items));
}
template <>
inline IValue::IValue(std::vector<IValue> list) {
  *this = list_of(std::move(list));
}
template <class T>
IValue::IValue(c10::List<T> list) : IValue(list.vec()) {}
template <class K, class V>
IValue::IValue(c10::Dict<K, V> dict) {
  std::vector<std::pair<IValue, IValue>> entries;
  for (auto& e : dict) entries.emplace_back(IValue(e.key()), IValue(e.value()));
  *this = dict_of(std::move(entries));
}
template <class K, class V>
IValue::IValue(std::unordered_map<K, V> dict) {
  std::vector<std::pair<IValue, IValue>> entries;
  for (auto& e : dict) entries.emplace_back(IValue(e.first), IValue(e.second));
  *this = dict_of(std::move(entries));
}
template <class K, class V>
IValue::IValue(std::map<K, V> dict) {
  std::vector<std::pair<IValue, IValue>> entries;
  for (auto& e : dict) entries.emplace_back(IValue(e.first), IValue(e.second));
  *this = dict_of(std::move(entries));
}

template <class T>
struct IValue::Convert {
  static T from(const IValue& v) {
    if constexpr (std::is_same_v<T, bool>)
      return v.toBool();
    else if constexpr (std::is_integral_v<T>)
      return static_cast<T>(v.toInt());
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(v.toDouble());
    else if constexpr (std::is_same_v<T, at::Tensor>)
      return v.toTensor();
    else if constexpr (std::is_same_v<T, std::string>)
      return v.toStringRef();
    else if constexpr (std::is_same_v<T, at::Scalar>)
      return v.toScalar();
    else if constexpr (std::is_same_v<T, c10::Device>)
      return v.toDevice();
    else
      return T(v);
  }
};
template <class T>
struct IValue::Convert<std::vector<T>> {
  static std::vector<T> from(const IValue& v) {
    std::vector<T> out;
    for (const IValue& item : v.toListRef()) out.push_back(item.to<T>());
    return out;
  }
};
template <class T>
struct IValue::Convert<c10::List<T>> {
  static c10::List<T> from(const IValue& v) { return c10::List<T>(v.to<std::vector<T>>()); }
};
template <class T>
struct IValue::Convert<c10::optional<T>> {
  static c10::optional<T> from(const IValue& v) { return v.toOptional<T>(); }
};
template <class K, class V>
struct IValue::Convert<c10::Dict<K, V>> {
  static c10::Dict<K, V> from(const IValue& v) {
    c10::Dict<K, V> out;
    for (const auto& e : v.dict_entries()) out.insert(e.first.to<K>(), e.second.to<V>());
    return out;
  }
};
template <class K, class V>
struct IValue::Convert<std::unordered_map<K, V>> {
  static std::unordered_map<K, V> from(const IValue& v) {
    std::unordered_map<K, V> out;
    for (const auto& e : v.dict_entries()) out.emplace(e.first.to<K>(), e.second.to<V>());
    return out;
  }
};
template <class... T>
struct IValue::Convert<std::tuple<T...>> {
  template <size_t... I>
  static std::tuple<T...> pick(const std::vector<IValue>& items, std::index_sequence<I...>) {
    return std::tuple<T...>(items.at(I).template to<T>()...);
  }
  static std::tuple<T...> from(const IValue& v) {
    return pick(v.toTupleRef().elements(), std::index_sequence_for<T...>());
  }
};
template <class T>
T IValue::to() const {
  return Convert<T>::from(*this);
}

}  // namespace c10

namespace at {
using c10::IValue;
}
namespace torch {
using c10::IValue;
namespace jit {
using c10::IValue;
}
}  // namespace torch
