// The checksum of zip entries.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tsvm::archive {

/// CRC-32 (polynomial 0xEDB88320) of more data, given that of what came before (0 at the start).
uint32_t crc32(uint32_t crc, const void* data, size_t size);

}  // namespace tsvm::archive
