#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace tsvm {
namespace {

// Read by the signal handler: fixed size, no locks there. A full table means that files are read instead.
constexpr int kMappings = 256;
constexpr int kFlags = 64;
struct Mapping {
  std::atomic<uintptr_t> begin{0}, end{0};
  uint64_t device = 0, inode = 0;  // under the mutex
};
Mapping mappings[kMappings];
std::atomic<std::atomic<bool>*> flags[kFlags];
std::atomic<bool> cut_short{false};
std::mutex mutex;
struct sigaction previous;

void on_bus_error(int signal, siginfo_t* info, void*) {
  const auto page_size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto at = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Mapping& m : mappings) {
    if (at < m.begin.load() || at >= m.end.load()) continue;
    auto* page = reinterpret_cast<void*>(at & ~(page_size - 1));
    if (::mmap(page, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
      break;
    cut_short.store(true);
    for (auto& flag : flags)
      if (auto* f = flag.load()) f->store(true);
    return;
  }
  // Not ours: as if this handler were not there.
  ::sigaction(signal, &previous, nullptr);
  ::raise(signal);
}

void install_handler() {
  static bool installed = false;
  if (installed) return;
  installed = true;
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &previous);
}

int claim(void* data, size_t size, const struct stat& st) {
  std::lock_guard lock(mutex);
  install_handler();
  for (int i = 0; i < kMappings; i++) {
    if (mappings[i].begin.load()) continue;
    mappings[i].device = st.st_dev;
    mappings[i].inode = st.st_ino;
    mappings[i].end.store(reinterpret_cast<uintptr_t>(data) + size);
    mappings[i].begin.store(reinterpret_cast<uintptr_t>(data));
    return i;
  }
  return -1;
}

bool read_all(int fd, uint8_t* out, size_t size) {
  while (size) {
    ssize_t n = ::read(fd, out, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      if (n == 0) errno = EIO;  // shorter than it said
      return false;
    }
    out += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

std::shared_ptr<MappedFile> MappedFile::open(const std::string& path, int& error) {
  int fd;
  while ((fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) < 0 && errno == EINTR) {
  }
  struct stat st {};
  if (fd < 0 || ::fstat(fd, &st) != 0) {
    error = errno;
    if (fd >= 0) ::close(fd);
    return nullptr;
  }
  if (S_ISDIR(st.st_mode)) {
    error = EISDIR;
    ::close(fd);
    return nullptr;
  }
  std::shared_ptr<MappedFile> file(new MappedFile());
  file->size_ = static_cast<size_t>(st.st_size);
  if (S_ISREG(st.st_mode) && file->size_ >= kMapFrom) {
    void* data = ::mmap(nullptr, file->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (data != MAP_FAILED) {
      file->slot_ = claim(data, file->size_, st);
      if (file->slot_ >= 0) {
        file->data_ = static_cast<uint8_t*>(data);
        file->mapped_ = true;
        ::close(fd);
        return file;
      }
      ::munmap(data, file->size_);
    }
  }
  if (!S_ISREG(st.st_mode)) {  // a pipe or device: its size is known at its end
    std::string all;
    char block[65536];
    ssize_t n;
    while ((n = ::read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR))
      if (n > 0) all.append(block, static_cast<size_t>(n));
    error = n < 0 ? errno : 0;
    file->size_ = all.size();
    file->data_ = static_cast<uint8_t*>(std::malloc(all.size() + 1));
    if (file->data_) std::memcpy(file->data_, all.data(), all.size());
  } else {
    file->data_ = static_cast<uint8_t*>(std::malloc(file->size_ + 1));
    error = file->data_ && read_all(fd, file->data_, file->size_) ? 0 : errno;
  }
  ::close(fd);
  if (!file->data_) error = ENOMEM;
  return error ? nullptr : file;
}

MappedFile::~MappedFile() {
  if (!mapped_) {
    std::free(data_);
    return;
  }
  {
    std::lock_guard lock(mutex);
    mappings[slot_].begin.store(0);
    mappings[slot_].end.store(0);
  }
  ::munmap(data_, size_);
}

void MappedFile::before_truncation(const std::string& path) {
  struct stat st {};
  bool known = false;
  std::lock_guard lock(mutex);
  for (Mapping& m : mappings) {
    if (!m.begin.load()) continue;
    if (!known && ::stat(path.c_str(), &st) != 0) return;
    known = true;
    if (m.device != st.st_dev || m.inode != st.st_ino) continue;
    // A copy of the bytes takes the mapping's place.
    auto* at = reinterpret_cast<void*>(m.begin.load());
    size_t size = m.end.load() - m.begin.load();
    void* copy = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) continue;
    std::memcpy(copy, at, size);
    if (::mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) ::munmap(copy, size);
    m.inode = 0;
    m.device = 0;
  }
}

void MappedFile::watch(std::atomic<bool>* flag) {
  for (auto& f : flags)
    if (f.load() == flag) return;
  for (auto& f : flags) {
    std::atomic<bool>* none = nullptr;
    if (f.compare_exchange_strong(none, flag)) return;
  }
}

void MappedFile::unwatch(std::atomic<bool>* flag) {
  for (auto& f : flags)
    if (f.load() == flag) f.store(nullptr);
}

bool MappedFile::take_cut_short() { return cut_short.exchange(false); }

}  // namespace tsvm
