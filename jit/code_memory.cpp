#include "jit/code_memory.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstring>

namespace tsvm::jit {
namespace {

// The size of the pages lies before the code, which begins on a line of the cache.
constexpr size_t kHead = 64;

}  // namespace

void* install_code(asmjit::CodeHolder& code) {
  if (code.flatten() != asmjit::kErrorOk || code.resolveUnresolvedLinks() != asmjit::kErrorOk) return nullptr;
  const size_t size = kHead + code.codeSize();  // at most: addresses that turn out to be near need no table
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  std::memcpy(pages, &size, sizeof size);
  char* entry = static_cast<char*>(pages) + kHead;
  if (code.relocateToBase(reinterpret_cast<uint64_t>(entry)) != asmjit::kErrorOk ||
      code.copyFlattenedData(entry, size - kHead) != asmjit::kErrorOk ||
      mprotect(pages, size, PROT_READ | PROT_EXEC) != 0) {
    munmap(pages, size);
    return nullptr;
  }
  return entry;
}

void remove_code(void* entry) {
  char* pages = static_cast<char*>(entry) - kHead;
  size_t size;
  std::memcpy(&size, pages, sizeof size);
  munmap(pages, size);
}

}  // namespace tsvm::jit
