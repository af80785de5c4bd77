// Samplers, the MNIST files, and the threads of data loaders.
#include "torch/data.h"

#include <condition_variable>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "torch/serialize.h"

namespace torch {
namespace data {

// --- worker threads --------------------------------------------------------------------------------------------------

struct WorkerPool::State {
  struct Outcome {
    std::shared_ptr<void> result;
    std::exception_ptr error;
  };
  void run(size_t worker) {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex);
      ready.wait(lock, [&] { return stop || !jobs.empty(); });
      if (stop) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      running++;
      lock.unlock();
      Outcome outcome;
      try {
        outcome.result = job.second(worker);
      } catch (...) {
        outcome.error = std::make_exception_ptr(WorkerException(std::current_exception()));
      }
      job.second = nullptr;
      lock.lock();
      results.emplace(job.first, std::move(outcome));
      running--;
      lock.unlock();
      done.notify_all();
    }
  }
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable ready, done;
  std::deque<std::pair<size_t, Job>> jobs;
  std::map<size_t, Outcome> results;
  size_t pushed = 0, popped = 0, running = 0;
  bool stop = false;
};

WorkerPool::WorkerPool(size_t workers) : state_(std::make_unique<State>()) {
  for (size_t i = 0; i < workers; i++) state_->threads.emplace_back([state = state_.get(), i] { state->run(i); });
}
WorkerPool::~WorkerPool() {
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stop = true;
  }
  state_->ready.notify_all();
  for (std::thread& t : state_->threads) t.join();
}
void WorkerPool::push(Job job) {
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->jobs.emplace_back(state_->pushed++, std::move(job));
  }
  state_->ready.notify_one();
}
size_t WorkerPool::pending() const { return state_->pushed - state_->popped; }
std::shared_ptr<void> WorkerPool::pop(bool in_order, c10::optional<std::chrono::milliseconds> timeout) {
  State& s = *state_;
  std::unique_lock<std::mutex> lock(s.mutex);
  auto there = [&] { return in_order ? s.results.count(s.popped) != 0 : !s.results.empty(); };
  if (timeout)
    TORCH_CHECK(s.done.wait_for(lock, *timeout, there),
                "Timeout in DataLoader queue while waiting for next batch (timeout was ", timeout->count(), " ms)");
  else
    s.done.wait(lock, there);
  auto it = in_order ? s.results.find(s.popped) : s.results.begin();
  State::Outcome outcome = std::move(it->second);
  s.results.erase(it);
  s.popped++;
  if (outcome.error) std::rethrow_exception(outcome.error);
  return std::move(outcome.result);
}
void WorkerPool::drain() {
  State& s = *state_;
  std::unique_lock<std::mutex> lock(s.mutex);
  s.popped += s.jobs.size();
  s.jobs.clear();
  s.done.wait(lock, [&] { return s.running == 0; });
  s.results.clear();
  s.popped = s.pushed;
}

WorkerException::WorkerException(std::exception_ptr original) : original_exception(std::move(original)) {
  try {
    std::rethrow_exception(original_exception);
  } catch (const std::exception& e) {
    message = std::string("Caught exception in DataLoader worker thread. Original message: ") + e.what();
  } catch (...) {
    message = "Caught exception in DataLoader worker thread.";
  }
}

namespace samplers {

using c10::IValue;

void SequentialSampler::reset(c10::optional<size_t> new_size) {
  if (new_size) size_ = *new_size;
  index_ = 0;
}
c10::optional<std::vector<size_t>> SequentialSampler::next(size_t batch_size) {
  const size_t n = std::min(batch_size, size_ - index_);
  if (n == 0) return c10::nullopt;
  std::vector<size_t> out(n);
  for (size_t& i : out) i = index_++;
  return out;
}
void SequentialSampler::save(serialize::OutputArchive& archive) const {
  archive.write("index", torch::tensor(static_cast<int64_t>(index_), torch::kInt64), /*is_buffer=*/true);
}
void SequentialSampler::load(serialize::InputArchive& archive) {
  Tensor t = torch::empty(1, torch::kInt64);
  archive.read("index", t, /*is_buffer=*/true);
  index_ = static_cast<size_t>(t.item<int64_t>());
}

RandomSampler::RandomSampler(int64_t size, Dtype index_dtype) : indices_(torch::randperm(size, index_dtype)) {}
RandomSampler::~RandomSampler() = default;
void RandomSampler::reset(c10::optional<size_t> new_size) {
  const int64_t size = new_size ? static_cast<int64_t>(*new_size) : indices_.numel();
  indices_ = torch::randperm(size, indices_.options());
  index_ = 0;
}
c10::optional<std::vector<size_t>> RandomSampler::next(size_t batch_size) {
  const int64_t n = std::min(static_cast<int64_t>(batch_size), indices_.numel() - index_);
  if (n <= 0) return c10::nullopt;
  const Tensor part = indices_.slice(0, index_, index_ + n).to(torch::kInt64).contiguous();
  index_ += n;
  const int64_t* p = part.data_ptr<int64_t>();
  return std::vector<size_t>(p, p + n);
}
void RandomSampler::save(serialize::OutputArchive& archive) const {
  archive.write("index", torch::tensor(index_, torch::kInt64), /*is_buffer=*/true);
  archive.write("indices", indices_, /*is_buffer=*/true);
}
void RandomSampler::load(serialize::InputArchive& archive) {
  Tensor t = torch::empty(1, torch::kInt64);
  archive.read("index", t, /*is_buffer=*/true);
  index_ = t.item<int64_t>();
  archive.read("indices", indices_, /*is_buffer=*/true);
}

void StreamSampler::reset(c10::optional<size_t> new_size) {
  if (new_size) epoch_size_ = *new_size;
  examples_retrieved_so_far_ = 0;
}
c10::optional<size_t> StreamSampler::next(size_t batch_size) {
  if (examples_retrieved_so_far_ >= epoch_size_) return c10::nullopt;
  batch_size = std::min(batch_size, epoch_size_ - examples_retrieved_so_far_);
  examples_retrieved_so_far_ += batch_size;
  return batch_size;
}
void StreamSampler::save(serialize::OutputArchive& archive) const {
  archive.write("examples_retrieved_so_far",
                torch::tensor(static_cast<int64_t>(examples_retrieved_so_far_), torch::kInt64), /*is_buffer=*/true);
}
void StreamSampler::load(serialize::InputArchive& archive) {
  Tensor t = torch::empty(1, torch::kInt64);
  archive.read("examples_retrieved_so_far", t, /*is_buffer=*/true);
  examples_retrieved_so_far_ = static_cast<size_t>(t.item<int64_t>());
}

DistributedSequentialSampler::DistributedSequentialSampler(size_t size, size_t num_replicas, size_t rank,
                                                           bool allow_duplicates)
    : DistributedSampler(size, num_replicas, rank, allow_duplicates) {
  populate_indices();
}
void DistributedSequentialSampler::populate_indices() {
  begin_index_ = rank_ * local_sample_count();
  end_index_ = begin_index_ + local_sample_count();
  sample_index_ = begin_index_;
}
void DistributedSequentialSampler::reset(c10::optional<size_t> new_size) {
  if (new_size) size_ = *new_size;
  populate_indices();
}
c10::optional<std::vector<size_t>> DistributedSequentialSampler::next(size_t batch_size) {
  if (sample_index_ == end_index_) return c10::nullopt;
  const size_t n = std::min(batch_size, end_index_ - sample_index_);
  std::vector<size_t> out(n);
  for (size_t& i : out) i = sample_index_++ % size_;
  return out;
}
void DistributedSequentialSampler::save(serialize::OutputArchive& archive) const {
  archive.write("sample_index_", torch::tensor(static_cast<int64_t>(sample_index_)), /*is_buffer=*/true);
  archive.write("epoch_", torch::tensor(static_cast<int64_t>(epoch_)), /*is_buffer=*/true);
}
void DistributedSequentialSampler::load(serialize::InputArchive& archive) {
  Tensor t = torch::empty(1, torch::kInt64);
  archive.read("epoch_", t, /*is_buffer=*/true);
  epoch_ = static_cast<size_t>(t.item<int64_t>());
  Tensor u = torch::empty(1, torch::kInt64);
  archive.read("sample_index_", u, /*is_buffer=*/true);
  sample_index_ = static_cast<size_t>(u.item<int64_t>());
}

}  // namespace samplers

namespace datasets {

namespace {

uint32_t big_endian(std::istream& in) {
  unsigned char b[4] = {};
  in.read(reinterpret_cast<char*>(b), 4);
  return static_cast<uint32_t>(b[0]) << 24 | static_cast<uint32_t>(b[1]) << 16 | static_cast<uint32_t>(b[2]) << 8 |
         b[3];
}

/// An idx file of bytes with `dims` dimensions.
Tensor read_idx(const std::string& path, uint32_t magic, size_t dims) {
  std::ifstream in(path, std::ios::binary);
  TORCH_CHECK(in, "Error opening ", dims == 1 ? "targets" : "images", " file at ", path);
  TORCH_CHECK(big_endian(in) == magic && in, "Error reading ", path, ": it is no such file");
  std::vector<int64_t> sizes;
  int64_t n = 1;
  for (size_t i = 0; i < dims; i++) {
    sizes.push_back(big_endian(in));
    TORCH_CHECK(in && !__builtin_mul_overflow(n, sizes.back(), &n), "Error reading ", path, ": its sizes are wrong");
  }
  const auto here = in.tellg();
  in.seekg(0, std::ios::end);
  TORCH_CHECK(in.tellg() - here >= n, "Error reading ", path, ": it is too short");
  in.seekg(here);
  Tensor t = torch::empty(sizes, torch::kByte);
  in.read(static_cast<char*>(t.data_ptr()), n);
  return t;
}

}  // namespace

MNIST::MNIST(const std::string& root, Mode mode) : mode_(mode) {
  const std::string folder = root.empty() || root.back() == '/' ? root : root + "/";
  const std::string prefix = folder + (mode == Mode::kTrain ? "train" : "t10k");
  images_ = read_idx(prefix + "-images-idx3-ubyte", 2051, 3).unsqueeze(1).to(torch::kFloat32).div_(255);
  targets_ = read_idx(prefix + "-labels-idx1-ubyte", 2049, 1).to(torch::kInt64);
}
Example<> MNIST::get(size_t index) {
  return {images_[static_cast<int64_t>(index)], targets_[static_cast<int64_t>(index)]};
}
c10::optional<size_t> MNIST::size() const { return static_cast<size_t>(images_.size(0)); }
bool MNIST::is_train() const noexcept { return mode_ == Mode::kTrain; }
const Tensor& MNIST::images() const { return images_; }
const Tensor& MNIST::targets() const { return targets_; }

}  // namespace datasets
}  // namespace data
}  // namespace torch
