//===- Formats.h - weight formats: the table and how a block unpacks ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_FORMATS_FORMATS_H
#define FRIT_FORMATS_FORMATS_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace frit {

/// How the values of a weight are stored in a file, bit for bit.
enum class Format : uint8_t {
#define FRIT_FORMAT(Name, keyword, ggufType, blockElements, blockBytes, codeBits, zero, hasMin)    \
  Name,
#include "frit/Formats/Formats.def"
};

/// One row of Formats.def.
struct FormatInfo {
  Format format;
  std::string_view name;
  uint32_t ggufType;
  int64_t blockElements;
  int64_t blockBytes;
  unsigned codeBits;
  int zero;
  bool hasMin;

  bool isFloat() const { return codeBits == 0; }
  /// Bytes of a row of `elements` values; `elements` must be a multiple of blockElements.
  int64_t rowBytes(int64_t elements) const { return elements / blockElements * blockBytes; }
};

const FormatInfo &formatInfo(Format format);
std::optional<Format> formatByName(std::string_view name);
std::optional<Format> formatByGGUFType(uint32_t type);

/// The name ggml gives a tensor type number, also of types frit cannot read; "type <n>" for an
/// unknown number is the caller's business (empty result).
std::string_view ggufTypeName(uint32_t type);

/// A block of integer codes: value[i] = scale * (codes[i] - zero) + min.
struct QuantBlock {
  uint8_t codes[32];
  uint16_t scaleF16;
  uint16_t minF16;
};

/// Unpacks one block of a quantized format (codeBits > 0, blockElements 32). Codes are unsigned.
void unpackBlock(Format format, const uint8_t *block, QuantBlock &out);

/// Dequantizes `elements` values of one row exactly as ggml's reference does (f32 arithmetic).
void dequantizeRow(Format format, const uint8_t *row, int64_t elements, float *out);

float halfToFloat(uint16_t half);
/// Rounds to nearest, ties to even.
uint16_t floatToHalf(float value);
inline float bfloatToFloat(uint16_t value) {
  uint32_t bits = static_cast<uint32_t>(value) << 16;
  float result;
  __builtin_memcpy(&result, &bits, sizeof(result));
  return result;
}

} // namespace frit

#endif // FRIT_FORMATS_FORMATS_H
