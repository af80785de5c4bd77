// torch::save and torch::load: LibTorch's archives, both ways.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/ivalue.h"
#include "torch/nn/module.h"
#include "torch/optim.h"
#include "torch/types.h"

namespace torch {
namespace serialize {

/// A tree of named values to be written.
class OutputArchive final {
 public:
  OutputArchive();
  OutputArchive(OutputArchive&&) = default;
  OutputArchive& operator=(OutputArchive&&) = default;
  ~OutputArchive();
  void write(const std::string& key, const c10::IValue& value);
  void write(const std::string& key, const Tensor& tensor, bool is_buffer = false);
  void write(const std::string& key, OutputArchive& nested);
  void save_to(const std::string& filename);
  void save_to(std::ostream& stream);
  void save_to(const std::function<size_t(const void*, size_t)>& write);
  template <class... T>
  void operator()(T&&... parts) {
    write(std::forward<T>(parts)...);
  }

  struct Node;

 private:
  std::shared_ptr<Node> node_;
};

/// A tree of named values that was read.
class InputArchive final {
 public:
  InputArchive();
  ~InputArchive();
  void read(const std::string& key, c10::IValue& value);
  bool try_read(const std::string& key, c10::IValue& value);
  void read(const std::string& key, Tensor& tensor, bool is_buffer = false);
  bool try_read(const std::string& key, Tensor& tensor, bool is_buffer = false);
  void read(const std::string& key, InputArchive& archive);
  bool try_read(const std::string& key, InputArchive& archive);
  void load_from(const std::string& filename, c10::optional<Device> device = c10::nullopt);
  void load_from(std::istream& stream, c10::optional<Device> device = c10::nullopt);
  void load_from(const char* data, size_t size, c10::optional<Device> device = c10::nullopt);
  std::vector<std::string> keys();
  template <class... T>
  void operator()(T&&... parts) {
    read(std::forward<T>(parts)...);
  }

 private:
  c10::IValue object_;  // a dict of what the object holds
  std::string prefix_;
};

OutputArchive& operator<<(OutputArchive& archive, const Tensor& tensor);
InputArchive& operator>>(InputArchive& archive, Tensor& tensor);

}  // namespace serialize

template <class Value, class... To>
void save(const Value& value, To&&... to) {
  serialize::OutputArchive archive;
  archive << value;
  archive.save_to(std::forward<To>(to)...);
}
template <class... To>
void save(const std::vector<Tensor>& tensors, To&&... to) {
  serialize::OutputArchive archive;
  for (size_t i = 0; i < tensors.size(); i++) archive.write(std::to_string(i), tensors[i]);
  archive.save_to(std::forward<To>(to)...);
}
template <class Value, class... From>
void load(Value& value, From&&... from) {
  serialize::InputArchive archive;
  archive.load_from(std::forward<From>(from)...);
  archive >> value;
}
template <class... From>
void load(std::vector<Tensor>& tensors, From&&... from) {
  serialize::InputArchive archive;
  archive.load_from(std::forward<From>(from)...);
  Tensor value;
  for (size_t i = 0; archive.try_read(std::to_string(i), value); i++) {
    tensors.push_back(std::move(value));
    value = Tensor();
  }
}

/// A value in Python's torch.save format, as bytes; and back.
std::vector<char> pickle_save(const c10::IValue& value);
c10::IValue pickle_load(const std::vector<char>& data);

}  // namespace torch
