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
#define FRIT_FORMAT(Name, ...) Name,
#include "frit/Formats/Formats.def"
};

/// Activations that share a scale in integer products, whatever the format of the weights.
inline constexpr int64_t activationBlock = 32;

/// One row of Formats.def.
struct FormatInfo {
  Format format;
  std::string_view name;
  uint32_t ggufType;
  int64_t blockElements;
  int64_t blockBytes;
  int64_t subElements;
  unsigned codeBits;
  const uint8_t *levels; ///< of the 2^codeBits codes; null: the code itself
  int zero;
  Format scaleFormat;
  bool hasMin;

  bool isFloat() const { return codeBits == 0; }
  /// Whether sub-blocks have integer factors of scale and minimum.
  bool hasSubScales() const { return subElements < blockElements; }
  /// The largest level of a code.
  int maxLevel() const;
  /// Bytes of a row of `elements` values; `elements` must be a multiple of blockElements.
  int64_t rowBytes(int64_t elements) const { return elements / blockElements * blockBytes; }
};

const FormatInfo &formatInfo(Format format);
std::optional<Format> formatByName(std::string_view name);
std::optional<Format> formatByGGUFType(uint32_t type);

/// The name ggml gives a tensor type number, also of types frit cannot read; "type <n>" for an
/// unknown number is the caller's business (empty result).
std::string_view ggufTypeName(uint32_t type);

/// A block of integer codes; s = i / subElements is the sub-block of value i:
/// value[i] = scale * subScales[s] * (level(codes[i]) - zero) + min * subMins[s].
struct QuantBlock {
  uint8_t codes[256];
  int8_t subScales[16]; ///< 1 where the format has no sub-blocks
  uint8_t subMins[16];
  uint16_t scale; ///< bits of an f16 or bf16, as the format's scaleFormat says
  uint16_t min;   ///< bits of an f16; K-quants, which subtract, have it negated

  /// Of sub-block s: exact in f32.
  float subScale(const FormatInfo &info, int64_t s) const;
  float subMin(int64_t s) const;
};

/// Unpacks one block of a quantized format (codeBits > 0). Codes are unsigned.
void unpackBlock(Format format, const uint8_t *block, QuantBlock &out);

/// Dequantizes `elements` values of one row exactly as ggml's reference does (f32 arithmetic).
void dequantizeRow(Format format, const uint8_t *row, int64_t elements, float *out);

/// The inverse, exactly as ggml's reference: f32, f16, bf16, q8_0 and q4_0.
bool canQuantize(Format format);
/// `out` has room for rowBytes(elements) bytes.
void quantizeRow(Format format, const float *values, int64_t elements, uint8_t *out);

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
