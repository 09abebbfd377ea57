//===- GGUFWriter.h - the header of a GGUF file ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_GGUF_GGUFWRITER_H
#define FRIT_LIB_IMPORT_GGUF_GGUFWRITER_H

#include "frit/Formats/Formats.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// Collects metadata and tensors of a GGUF 3 file and lays it out; who writes the file puts
/// header() first and the bytes of each tensor, in order and padded to `alignment`, behind it.
class GGUFHeader {
public:
  static constexpr uint64_t alignment = 32;

  void add(std::string_view key, std::string_view text);
  void add(std::string_view key, bool value);
  void add(std::string_view key, uint32_t value);
  void add(std::string_view key, float value);
  void add(std::string_view key, const std::vector<std::string> &texts);
  void add(std::string_view key, const std::vector<uint8_t> &values);
  void add(std::string_view key, const std::vector<bool> &values);
  void add(std::string_view key, const std::vector<int32_t> &values);
  void add(std::string_view key, const std::vector<uint32_t> &values);
  void add(std::string_view key, const std::vector<float> &values);

  /// `shape` is row-major; the innermost dimension is whole blocks of the format.
  void addTensor(std::string_view name, const std::vector<int64_t> &shape, Format format);

  /// Everything in front of the first tensor's bytes.
  std::string header() const;
  static uint64_t padded(uint64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

private:
  void key(std::string_view name, uint32_t type);
  template <typename T>
  void array(std::string_view key, uint32_t type, const std::vector<T> &values);

  std::string metadata, tensors;
  uint64_t keyCount = 0, tensorCount = 0, dataBytes = 0;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_GGUF_GGUFWRITER_H
