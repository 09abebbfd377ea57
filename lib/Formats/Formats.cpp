//===- Formats.cpp - weight formats: the table and how a block unpacks ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Formats/Formats.h"

#include <cstring>

using namespace frit;

static constexpr FormatInfo table[] = {
#define FRIT_FORMAT(Name, keyword, ggufType, blockElements, blockBytes, codeBits, zero, hasMin)    \
  {Format::Name, keyword, ggufType, blockElements, blockBytes, codeBits, zero, hasMin},
#include "frit/Formats/Formats.def"
};

const FormatInfo &frit::formatInfo(Format format) { return table[static_cast<size_t>(format)]; }

std::optional<Format> frit::formatByName(std::string_view name) {
  for (const FormatInfo &info : table)
    if (info.name == name)
      return info.format;
  return std::nullopt;
}

std::optional<Format> frit::formatByGGUFType(uint32_t type) {
  for (const FormatInfo &info : table)
    if (info.ggufType == type)
      return info.format;
  return std::nullopt;
}

std::string_view frit::ggufTypeName(uint32_t type) {
  // enum ggml_type in ggml.h; numbers 4, 5, 31-33 and 36-38 were removed from the format.
  static constexpr std::string_view names[] = {
      "F32",     "F16",   "Q4_0",   "Q4_1",  "",      "",       "Q5_0", "Q5_1",    "Q8_0",
      "Q8_1",    "Q2_K",  "Q3_K",   "Q4_K",  "Q5_K",  "Q6_K",   "Q8_K", "IQ2_XXS", "IQ2_XS",
      "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8",   "I16",     "I32",
      "I64",     "F64",   "IQ1_M",  "BF16",  "",      "",       "",     "TQ1_0",   "TQ2_0",
      "",        "",      "",       "MXFP4", "NVFP4", "Q1_0",   "Q2_0"};
  return type < std::size(names) ? names[type] : std::string_view();
}

float frit::halfToFloat(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f;
  uint32_t mantissa = half & 0x3ff;
  uint32_t bits;
  if (exponent == 0x1f) {
    bits = sign | 0x7f800000 | (mantissa << 13);
  } else if (exponent != 0) {
    bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
  } else {
    // Subnormal: mantissa * 2^-24 is exact in f32.
    float value = static_cast<float>(mantissa) * 0x1p-24f;
    std::memcpy(&bits, &value, sizeof(bits));
    bits |= sign;
  }
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

uint16_t frit::floatToHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000)
    return sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x200 : 0);
  if (magnitude >= 0x477ff000) // rounds to 65536 or more
    return sign | 0x7c00;
  if (magnitude < 0x38800000) { // below 2^-14: subnormal; adding 0.5 aligns the rounding position
    float scaled;
    std::memcpy(&scaled, &magnitude, sizeof(scaled));
    scaled += 0.5f;
    uint32_t rounded;
    std::memcpy(&rounded, &scaled, sizeof(rounded));
    return sign | static_cast<uint16_t>(rounded - 0x3f000000);
  }
  uint32_t odd = (magnitude >> 13) & 1;
  return sign | static_cast<uint16_t>((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

static uint16_t readU16(const uint8_t *bytes) {
  uint16_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

/// Byte i holds value i in its low and value i + 16 in its high nibble.
static void unpackNibbles(const uint8_t *bytes, uint8_t *codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = bytes[i] & 0xf;
    codes[i + 16] = bytes[i] >> 4;
  }
}

void frit::unpackBlock(Format format, const uint8_t *block, QuantBlock &out) {
  out.scaleF16 = readU16(block);
  out.minF16 = 0;
  switch (format) {
  case Format::Q4_0:
    unpackNibbles(block + 2, out.codes);
    return;
  case Format::Q4_1:
    out.minF16 = readU16(block + 2);
    unpackNibbles(block + 4, out.codes);
    return;
  case Format::Q8_0:
    for (int i = 0; i < 32; ++i)
      out.codes[i] = static_cast<uint8_t>(block[2 + i] + 128);
    return;
  case Format::F32:
  case Format::F16:
  case Format::BF16:
    break;
  }
  __builtin_trap(); // plain floats have no blocks of codes
}

void frit::dequantizeRow(Format format, const uint8_t *row, int64_t elements, float *out) {
  const FormatInfo &info = formatInfo(format);
  switch (format) {
  case Format::F32:
    std::memcpy(out, row, static_cast<size_t>(elements) * sizeof(float));
    return;
  case Format::F16:
    for (int64_t i = 0; i < elements; ++i)
      out[i] = halfToFloat(readU16(row + 2 * i));
    return;
  case Format::BF16:
    for (int64_t i = 0; i < elements; ++i)
      out[i] = bfloatToFloat(readU16(row + 2 * i));
    return;
  default:
    break;
  }
  QuantBlock block;
  for (int64_t start = 0; start < elements; start += info.blockElements, row += info.blockBytes) {
    unpackBlock(format, row, block);
    float scale = halfToFloat(block.scaleF16);
    float min = halfToFloat(block.minF16);
    for (int64_t i = 0; i < info.blockElements; ++i) {
      float value = static_cast<float>(block.codes[i] - info.zero) * scale;
      out[start + i] = info.hasMin ? value + min : value;
    }
  }
}
