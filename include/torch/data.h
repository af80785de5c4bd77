// torch::data: data sets, transforms, samplers, loaders.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "torch/arg.h"
#include "torch/types.h"

namespace torch {
namespace serialize {
class OutputArchive;
class InputArchive;
}  // namespace serialize

namespace data {

/// One example: data and what belongs to it.
template <class Data = at::Tensor, class Target = at::Tensor>
struct Example {
  using DataType = Data;
  using TargetType = Target;
  Example() = default;
  Example(Data data, Target target) : data(std::move(data)), target(std::move(target)) {}
  Data data;
  Target target;
};
namespace example {
using NoTarget = void;
}
template <class Data>
struct Example<Data, example::NoTarget> {
  using DataType = Data;
  using TargetType = example::NoTarget;
  Example() = default;
  Example(Data data) : data(std::move(data)) {}
  operator Data&() { return data; }
  operator const Data&() const { return data; }
  Data data;
};
using TensorExample = Example<at::Tensor, example::NoTarget>;

namespace datasets {
template <class Source, class Transform>
class MapDataset;
template <class D, class T>
MapDataset<D, T> map(D dataset, T transform);

namespace detail {
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<c10::optional<T>> : std::true_type {};
}  // namespace detail

/// Gives batches for requests of any kind.
template <class Self, class Batch = std::vector<Example<>>, class BatchRequest = c10::ArrayRef<size_t>>
class BatchDataset {
 public:
  using SelfType = Self;
  using BatchType = Batch;
  using BatchRequestType = BatchRequest;
  constexpr static bool is_stateful = detail::is_optional<BatchType>::value;
  virtual ~BatchDataset() = default;
  virtual Batch get_batch(BatchRequest request) = 0;
  virtual c10::optional<size_t> size() const = 0;
  template <class Transform>
  MapDataset<Self, Transform> map(Transform transform) & {
    return datasets::map(static_cast<Self&>(*this), std::move(transform));
  }
  template <class Transform>
  MapDataset<Self, Transform> map(Transform transform) && {
    return datasets::map(std::move(static_cast<Self&>(*this)), std::move(transform));
  }
};

/// Gives one example by its number.
template <class Self, class SingleExample = Example<>>
class Dataset : public BatchDataset<Self, std::vector<SingleExample>> {
 public:
  using ExampleType = SingleExample;
  virtual ExampleType get(size_t index) = 0;
  std::vector<ExampleType> get_batch(c10::ArrayRef<size_t> indices) override {
    std::vector<ExampleType> batch;
    batch.reserve(indices.size());
    for (const size_t i : indices) batch.push_back(get(i));
    return batch;
  }
};
/// Gives what comes next; nothing at the end.
template <class Self, class Batch = std::vector<Example<>>>
class StreamDataset : public BatchDataset<Self, Batch, size_t> {};
/// A data set with a state that loaders reset.
template <class Self, class Batch = std::vector<Example<>>, class BatchRequest = size_t>
class StatefulDataset : public BatchDataset<Self, c10::optional<Batch>, BatchRequest> {
 public:
  virtual void reset() = 0;
  virtual void save(serialize::OutputArchive& archive) const = 0;
  virtual void load(serialize::InputArchive& archive) = 0;
};

/// A tensor's rows.
struct TensorDataset : public Dataset<TensorDataset, TensorExample> {
  explicit TensorDataset(const std::vector<Tensor>& tensors) : tensor(torch::stack(tensors)) {}
  explicit TensorDataset(Tensor t) : tensor(std::move(t)) {}
  TensorExample get(size_t index) override { return tensor[static_cast<int64_t>(index)]; }
  c10::optional<size_t> size() const override { return static_cast<size_t>(tensor.size(0)); }
  Tensor tensor;
};

template <class Source, class Transform>
class MapDataset
    : public BatchDataset<
          MapDataset<Source, Transform>,
          std::conditional_t<detail::is_optional<typename Source::BatchType>::value,
                             c10::optional<typename Transform::OutputBatchType>, typename Transform::OutputBatchType>,
          typename Source::BatchRequestType> {
 public:
  using DatasetType = Source;
  using TransformType = Transform;
  using BatchRequestType = typename Source::BatchRequestType;
  using OutputBatchType =
      std::conditional_t<detail::is_optional<typename Source::BatchType>::value,
                         c10::optional<typename Transform::OutputBatchType>, typename Transform::OutputBatchType>;
  MapDataset(DatasetType dataset, TransformType transform)
      : dataset_(std::move(dataset)), transform_(std::move(transform)) {}
  OutputBatchType get_batch(BatchRequestType request) override {
    if constexpr (detail::is_optional<typename Source::BatchType>::value) {
      auto batch = dataset_.get_batch(std::move(request));
      if (!batch) return c10::nullopt;
      return transform_.apply_batch(std::move(*batch));
    } else {
      return transform_.apply_batch(dataset_.get_batch(std::move(request)));
    }
  }
  c10::optional<size_t> size() const noexcept override { return dataset_.size(); }
  void reset() {
    if constexpr (Source::is_stateful) dataset_.reset();
  }
  const DatasetType& dataset() noexcept { return dataset_; }
  const TransformType& transform() noexcept { return transform_; }

 private:
  DatasetType dataset_;
  TransformType transform_;
};
template <class D, class T>
MapDataset<D, T> map(D dataset, T transform) {
  static_assert(std::is_same<std::conditional_t<D::is_stateful, typename D::BatchType, typename T::InputBatchType>,
                             typename D::BatchType>::value ||
                    D::is_stateful,
                "BatchType type of dataset does not match input type of transform");
  return {std::move(dataset), std::move(transform)};
}

/// One data set for several loaders or threads.
template <class Source>
class SharedBatchDataset
    : public BatchDataset<SharedBatchDataset<Source>, typename Source::BatchType, typename Source::BatchRequestType> {
 public:
  using BatchType = typename Source::BatchType;
  using BatchRequestType = typename Source::BatchRequestType;
  SharedBatchDataset(std::shared_ptr<Source> shared) : dataset_(std::move(shared)) {}
  BatchType get_batch(BatchRequestType request) override { return dataset_->get_batch(std::move(request)); }
  c10::optional<size_t> size() const override { return dataset_->size(); }
  Source& operator*() { return *dataset_; }
  const Source& operator*() const { return *dataset_; }
  Source* operator->() { return dataset_.get(); }
  const Source* operator->() const { return dataset_.get(); }
  void reset() { dataset_->reset(); }

 private:
  std::shared_ptr<Source> dataset_;
};
template <class Source, class... Args>
SharedBatchDataset<Source> make_shared_dataset(Args&&... args) {
  return std::make_shared<Source>(std::forward<Args>(args)...);
}

/// Handwritten digits in idx files (train-images-idx3-ubyte ...), in a folder that holds them.
class MNIST : public Dataset<MNIST> {
 public:
  enum class Mode { kTrain, kTest };
  explicit MNIST(const std::string& root, Mode mode = Mode::kTrain);
  Example<> get(size_t index) override;
  c10::optional<size_t> size() const override;
  bool is_train() const noexcept;
  const Tensor& images() const;
  const Tensor& targets() const;

 private:
  Tensor images_, targets_;
  Mode mode_;
};

}  // namespace datasets

namespace transforms {

/// Works on a whole batch.
template <class InputBatch, class OutputBatch>
class BatchTransform {
 public:
  using InputBatchType = InputBatch;
  using OutputBatchType = OutputBatch;
  virtual ~BatchTransform() = default;
  virtual OutputBatch apply_batch(InputBatch input_batch) = 0;
};
/// Works on each example of a batch.
template <class Input, class Output>
class Transform : public BatchTransform<std::vector<Input>, std::vector<Output>> {
 public:
  using InputType = Input;
  using OutputType = Output;
  virtual OutputType apply(InputType input) = 0;
  std::vector<Output> apply_batch(std::vector<Input> input_batch) override {
    std::vector<Output> out;
    out.reserve(input_batch.size());
    for (auto&& input : input_batch) out.push_back(apply(std::move(input)));
    return out;
  }
};

template <class Input, class Output = Input>
class BatchLambda : public BatchTransform<Input, Output> {
 public:
  using FunctionType = std::function<Output(Input)>;
  explicit BatchLambda(FunctionType function) : function_(std::move(function)) {}
  Output apply_batch(Input input_batch) override { return function_(std::move(input_batch)); }

 private:
  FunctionType function_;
};
template <class Input, class Output = Input>
class Lambda : public Transform<Input, Output> {
 public:
  using FunctionType = std::function<Output(Input)>;
  explicit Lambda(FunctionType function) : function_(std::move(function)) {}
  Output apply(Input input) override { return function_(std::move(input)); }

 private:
  FunctionType function_;
};
/// From a batch to one value.
template <class T, class BatchType = std::vector<T>>
using Collation = BatchTransform<BatchType, T>;
template <class T, class BatchType = std::vector<T>>
using Collate = BatchLambda<BatchType, T>;

/// A batch of examples as one example of stacked tensors.
template <class T = Example<>>
struct Stack;
template <>
struct Stack<Example<>> : public Collation<Example<>> {
  Example<> apply_batch(std::vector<Example<>> examples) override {
    std::vector<Tensor> data, targets;
    for (auto& e : examples) {
      data.push_back(std::move(e.data));
      targets.push_back(std::move(e.target));
    }
    return {torch::stack(data), torch::stack(targets)};
  }
};
template <>
struct Stack<TensorExample> : public Collation<Example<Tensor, example::NoTarget>> {
  TensorExample apply_batch(std::vector<TensorExample> examples) override {
    std::vector<Tensor> data;
    for (auto& e : examples) data.push_back(std::move(e.data));
    return torch::stack(data);
  }
};

/// Changes the data of examples, which are tensors.
template <class Target = Tensor>
class TensorTransform : public Transform<Example<Tensor, Target>, Example<Tensor, Target>> {
 public:
  using E = Example<Tensor, Target>;
  using typename Transform<E, E>::InputType;
  using typename Transform<E, E>::OutputType;
  virtual Tensor operator()(Tensor input) = 0;
  OutputType apply(InputType input) override {
    input.data = (*this)(std::move(input.data));
    return input;
  }
};
template <class Target = Tensor>
class TensorLambda : public TensorTransform<Target> {
 public:
  using FunctionType = std::function<Tensor(Tensor)>;
  explicit TensorLambda(FunctionType function) : function_(std::move(function)) {}
  Tensor operator()(Tensor input) override { return function_(std::move(input)); }

 private:
  FunctionType function_;
};
/// (input - mean) / stddev, by channel.
template <class Target = Tensor>
struct Normalize : public TensorTransform<Target> {
  Normalize(ArrayRef<double> mean, ArrayRef<double> stddev)
      : mean(torch::tensor(mean.vec(), torch::kFloat32).unsqueeze(1).unsqueeze(2)),
        stddev(torch::tensor(stddev.vec(), torch::kFloat32).unsqueeze(1).unsqueeze(2)) {}
  Tensor operator()(Tensor input) override { return input.sub(mean).div(stddev); }
  Tensor mean, stddev;
};

}  // namespace transforms

namespace samplers {

/// Gives the requests of an epoch.
template <class BatchRequest = std::vector<size_t>>
class Sampler {
 public:
  using BatchRequestType = BatchRequest;
  virtual ~Sampler() = default;
  virtual void reset(c10::optional<size_t> new_size) = 0;
  virtual c10::optional<BatchRequest> next(size_t batch_size) = 0;
  virtual void save(serialize::OutputArchive& archive) const = 0;
  virtual void load(serialize::InputArchive& archive) = 0;
};

class SequentialSampler : public Sampler<> {
 public:
  explicit SequentialSampler(size_t size) : size_(size) {}
  void reset(c10::optional<size_t> new_size = c10::nullopt) override;
  c10::optional<std::vector<size_t>> next(size_t batch_size) override;
  void save(serialize::OutputArchive& archive) const override;
  void load(serialize::InputArchive& archive) override;
  size_t index() const noexcept { return index_; }

 private:
  size_t size_, index_ = 0;
};
class RandomSampler : public Sampler<> {
 public:
  explicit RandomSampler(int64_t size, Dtype index_dtype = torch::kInt64);
  ~RandomSampler() override;
  void reset(c10::optional<size_t> new_size = c10::nullopt) override;
  c10::optional<std::vector<size_t>> next(size_t batch_size) override;
  void save(serialize::OutputArchive& archive) const override;
  void load(serialize::InputArchive& archive) override;
  size_t index() const noexcept { return static_cast<size_t>(index_); }

 private:
  Tensor indices_;
  int64_t index_ = 0;
};
/// Asks for so many examples of a stream.
class StreamSampler : public Sampler<size_t> {
 public:
  explicit StreamSampler(size_t epoch_size) : epoch_size_(epoch_size) {}
  void reset(c10::optional<size_t> new_size = c10::nullopt) override;
  c10::optional<size_t> next(size_t batch_size) override;
  void save(serialize::OutputArchive& archive) const override;
  void load(serialize::InputArchive& archive) override;

 private:
  size_t examples_retrieved_so_far_ = 0;
  size_t epoch_size_;
};
template <class BatchRequest = std::vector<size_t>>
class DistributedSampler : public Sampler<BatchRequest> {
 public:
  DistributedSampler(size_t size, size_t num_replicas = 1, size_t rank = 0, bool allow_duplicates = true)
      : size_(size), num_replicas_(num_replicas), rank_(rank), allow_duplicates_(allow_duplicates) {}
  void set_epoch(size_t epoch) { epoch_ = epoch; }
  size_t epoch() const { return epoch_; }

 protected:
  size_t local_sample_count() const {
    return allow_duplicates_ ? (size_ + num_replicas_ - 1) / num_replicas_ : size_ / num_replicas_;
  }
  size_t size_, num_replicas_, rank_, epoch_ = 0;
  bool allow_duplicates_;
};
class DistributedSequentialSampler : public DistributedSampler<> {
 public:
  DistributedSequentialSampler(size_t size, size_t num_replicas = 1, size_t rank = 0, bool allow_duplicates = true);
  void reset(c10::optional<size_t> new_size = c10::nullopt) override;
  c10::optional<std::vector<size_t>> next(size_t batch_size) override;
  void save(serialize::OutputArchive& archive) const override;
  void load(serialize::InputArchive& archive) override;
  size_t index() const noexcept { return sample_index_; }

 private:
  void populate_indices();
  size_t begin_index_ = 0, end_index_ = 0, sample_index_ = 0;
  std::vector<size_t> all_indices_;
};

}  // namespace samplers

struct DataLoaderOptions {
  DataLoaderOptions() = default;
  DataLoaderOptions(size_t batch_size) : batch_size_(batch_size) {}
  TORCH_ARG(size_t, batch_size) = 1;
  TORCH_ARG(size_t, workers) = 0;
  TORCH_ARG(c10::optional<size_t>, max_jobs) = c10::nullopt;
  TORCH_ARG(c10::optional<std::chrono::milliseconds>, timeout) = c10::nullopt;
  TORCH_ARG(bool, enforce_ordering) = true;
  TORCH_ARG(bool, drop_last) = false;
};
/// The options with all defaults filled in.
struct FullDataLoaderOptions {
  explicit FullDataLoaderOptions(DataLoaderOptions o)
      : batch_size(o.batch_size()),
        workers(o.workers()),
        max_jobs(o.max_jobs().value_or(2 * workers)),
        timeout(o.timeout()),
        enforce_ordering(o.enforce_ordering()),
        drop_last(o.drop_last()) {}
  size_t batch_size, workers, max_jobs;
  c10::optional<std::chrono::milliseconds> timeout;
  bool enforce_ordering, drop_last;
};

/// Walks over the batches of an epoch.
template <class Batch>
class Iterator {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = Batch;
  using pointer = Batch*;
  using reference = Batch&;
  using iterator_category = std::input_iterator_tag;
  using Next = std::function<c10::optional<Batch>()>;
  Iterator() = default;
  explicit Iterator(Next next) : next_(std::make_shared<Next>(std::move(next))) { advance(); }
  Iterator& operator++() {
    advance();
    return *this;
  }
  Batch& operator*() const { return *batch_; }
  Batch* operator->() const { return batch_.get(); }
  bool operator==(const Iterator& o) const { return batch_ == o.batch_; }
  bool operator!=(const Iterator& o) const { return !(*this == o); }

 private:
  void advance() {
    c10::optional<Batch> b = (*next_)();
    batch_ = b ? std::make_shared<Batch>(std::move(*b)) : nullptr;
  }
  std::shared_ptr<Next> next_;
  std::shared_ptr<Batch> batch_;
};

/// Threads that work on numbered jobs; results come in order or as they are ready.
class WorkerPool {
 public:
  using Job = std::function<std::shared_ptr<void>(size_t worker)>;
  explicit WorkerPool(size_t workers);
  ~WorkerPool();
  void push(Job job);
  size_t pending() const;
  /// The next result; errors of the workers are thrown here, as WorkerException.
  std::shared_ptr<void> pop(bool in_order, c10::optional<std::chrono::milliseconds> timeout);
  /// Forgets what is queued and waits for what runs.
  void drain();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What an error in a worker thread becomes.
struct WorkerException : public std::exception {
  explicit WorkerException(std::exception_ptr original);
  const char* what() const noexcept override { return message.c_str(); }
  std::string message;
  std::exception_ptr original_exception;
};

/// A data set and a sampler.
template <class Dataset, class SamplerType>
class DataLoader {
 public:
  using BatchType = std::conditional_t<datasets::detail::is_optional<typename Dataset::BatchType>::value,
                                       typename Dataset::BatchType, c10::optional<typename Dataset::BatchType>>;
  using Batch = typename BatchType::value_type;
  using BatchRequest = typename SamplerType::BatchRequestType;

  DataLoader(Dataset dataset, SamplerType sampler, DataLoaderOptions options)
      : options_(std::move(options)), dataset_(new Dataset(std::move(dataset))), sampler_(std::move(sampler)) {
    if (options_.workers == 0) return;
    for (size_t i = 0; i < options_.workers; i++) copies_.emplace_back(new Dataset(*dataset_));
    pool_.reset(new WorkerPool(options_.workers));
  }
  ~DataLoader() { join(); }
  Iterator<Batch> begin() {
    reset();
    return Iterator<Batch>([this] { return next(); });
  }
  Iterator<Batch> end() { return Iterator<Batch>(); }
  void join() { pool_.reset(); }
  const FullDataLoaderOptions& options() const noexcept { return options_; }

 private:
  void reset() {
    if (pool_) pool_->drain();
    sampler_.reset(c10::nullopt);
    if constexpr (Dataset::is_stateful) dataset_->reset();
    for (size_t i = 0; pool_ && i < options_.max_jobs; i++) prefetch();
  }
  c10::optional<BatchRequest> request() {
    auto indices = sampler_.next(options_.batch_size);
    if (!indices) return c10::nullopt;
    if constexpr (!std::is_integral<BatchRequest>::value)
      if (indices->size() < options_.batch_size && options_.drop_last) return c10::nullopt;
    return indices;
  }
  void prefetch() {
    if (auto r = request())
      pool_->push([this, request = std::move(*r)](size_t worker) -> std::shared_ptr<void> {
        return std::make_shared<BatchType>(copies_[worker]->get_batch(request));
      });
  }
  BatchType next() {
    if (!pool_) {
      auto r = request();
      if (!r) return c10::nullopt;
      return BatchType(dataset_->get_batch(std::move(*r)));
    }
    if (pool_->pending() == 0) return c10::nullopt;
    BatchType batch =
        std::move(*static_cast<BatchType*>(pool_->pop(options_.enforce_ordering, options_.timeout).get()));
    prefetch();
    return batch;
  }

  const FullDataLoaderOptions options_;
  std::unique_ptr<Dataset> dataset_;
  SamplerType sampler_;
  std::vector<std::unique_ptr<Dataset>> copies_;
  std::unique_ptr<WorkerPool> pool_;
};
template <class Dataset, class SamplerType>
using StatelessDataLoader = DataLoader<Dataset, SamplerType>;

template <class Dataset, class SamplerType>
std::enable_if_t<!Dataset::is_stateful, std::unique_ptr<DataLoader<Dataset, SamplerType>>> make_data_loader(
    Dataset dataset, SamplerType sampler, DataLoaderOptions options) {
  return std::make_unique<DataLoader<Dataset, SamplerType>>(std::move(dataset), std::move(sampler), std::move(options));
}
template <class SamplerType = samplers::RandomSampler, class Dataset>
std::enable_if_t<!Dataset::is_stateful && std::is_constructible<SamplerType, size_t>::value,
                 std::unique_ptr<DataLoader<Dataset, SamplerType>>>
make_data_loader(Dataset dataset, DataLoaderOptions options = DataLoaderOptions()) {
  const c10::optional<size_t> size = dataset.size();
  TORCH_CHECK(size.has_value(), "Expected the dataset to be sized in order to construct the Sampler");
  return make_data_loader(
      std::move(dataset),
      SamplerType(
          static_cast<std::conditional_t<std::is_constructible<SamplerType, int64_t>::value, int64_t, size_t>>(*size)),
      std::move(options));
}
template <class Dataset>
std::enable_if_t<Dataset::is_stateful, std::unique_ptr<DataLoader<Dataset, samplers::StreamSampler>>> make_data_loader(
    Dataset dataset, DataLoaderOptions options = DataLoaderOptions()) {
  return std::make_unique<DataLoader<Dataset, samplers::StreamSampler>>(
      std::move(dataset), samplers::StreamSampler(std::numeric_limits<size_t>::max()), std::move(options));
}

}  // namespace data
}  // namespace torch
