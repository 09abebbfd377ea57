//===- Formats.cpp - weight formats: the table and how a block unpacks ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Formats/Formats.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace frit;

/// Codes that are their levels.
static constexpr const uint8_t *codes = nullptr;
/// kvalues_iq4nl of ggml-common.h, plus 128.
static constexpr uint8_t nonLinear4[] = {1,   24,  45,  63,  79,  93,  106, 118,
                                         129, 141, 153, 166, 181, 197, 217, 241};
/// The values of E2M1 (sign, two bits of exponent, one of mantissa) twice, plus 12.
static constexpr uint8_t e2m1[] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};

static constexpr FormatInfo table[] = {
#define FRIT_FORMAT(Name, keyword, ggufType, blockElements, blockBytes, subElements, codeBits,     \
                    levels, zero, scale, hasMin)                                                   \
  {Format::Name, keyword, ggufType, blockElements, blockBytes, subElements,                        \
   codeBits,     levels,  zero,     Format::scale, hasMin},
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

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

int FormatInfo::maxLevel() const {
  return levels ? *std::max_element(levels, levels + (1 << codeBits)) : (1 << codeBits) - 1;
}

float QuantBlock::subScale(const FormatInfo &info, int64_t s) const {
  float whole = info.scaleFormat == Format::BF16 ? bfloatToFloat(scale) : halfToFloat(scale);
  return whole * static_cast<float>(subScales[s]);
}

float QuantBlock::subMin(int64_t s) const {
  return halfToFloat(min) * static_cast<float>(subMins[s]);
}

/// Byte i holds value i in its low and value i + 16 in its high nibble.
static void unpackNibbles(const uint8_t *bytes, uint8_t *codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = bytes[i] & 0xf;
    codes[i + 16] = bytes[i] >> 4;
  }
}

/// As unpackNibbles, of 64 values: byte i holds value i and value i + 32.
static void unpackWideNibbles(const uint8_t *bytes, uint8_t *codes) {
  for (int i = 0; i < 32; ++i) {
    codes[i] = bytes[i] & 0xf;
    codes[i + 32] = bytes[i] >> 4;
  }
}

/// Bit i of 32 is the fifth bit of value i.
static void addFifthBits(const uint8_t *bytes, uint8_t *codes) {
  for (int i = 0; i < 32; ++i)
    codes[i] |= (bytes[i / 8] >> (i % 8) & 1) << 4;
}

/// 128 values of two bits: byte i holds values i, i + 32, i + 64 and i + 96.
static void unpackPairs(const uint8_t *bytes, uint8_t *codes) {
  for (int i = 0; i < 128; ++i)
    codes[i] = bytes[i % 32] >> (i / 32 * 2) & 3;
}

/// Eight scales and eight minima of six bits each in 12 bytes (get_scale_min_k4 of ggml-quants.c).
static void unpackScalesAndMins(const uint8_t *bytes, QuantBlock &out) {
  for (int i = 0; i < 4; ++i) {
    out.subScales[i] = static_cast<int8_t>(bytes[i] & 63);
    out.subMins[i] = bytes[i + 4] & 63;
    out.subScales[i + 4] = static_cast<int8_t>((bytes[i + 8] & 15) | (bytes[i] >> 6) << 4);
    out.subMins[i + 4] = static_cast<uint8_t>(bytes[i + 8] >> 4 | (bytes[i + 4] >> 6) << 4);
  }
}

static void unpackQ2K(const uint8_t *block, QuantBlock &out) {
  for (int s = 0; s < 16; ++s) {
    out.subScales[s] = static_cast<int8_t>(block[s] & 15);
    out.subMins[s] = block[s] >> 4;
  }
  unpackPairs(block + 16, out.codes);
  unpackPairs(block + 48, out.codes + 128);
  out.scale = readU16(block + 80);
  out.min = readU16(block + 82) ^ 0x8000;
}

static void unpackQ3K(const uint8_t *block, QuantBlock &out) {
  const uint8_t *thirdBits = block, *scales = block + 96;
  unpackPairs(block + 32, out.codes);
  unpackPairs(block + 64, out.codes + 128);
  for (int i = 0; i < 256; ++i)
    out.codes[i] |= (thirdBits[i % 32] >> (i / 32) & 1) << 2;
  for (int s = 0; s < 16; ++s) {
    int low = s < 8 ? scales[s] & 15 : scales[s - 8] >> 4;
    int high = scales[8 + s % 4] >> (s / 4 * 2) & 3;
    out.subScales[s] = static_cast<int8_t>((low | high << 4) - 32);
  }
  out.scale = readU16(block + 108);
}

/// Q4_K, and Q5_K with its fifth bits.
static void unpackQ45K(const uint8_t *block, const uint8_t *fifthBits, const uint8_t *nibbles,
                       QuantBlock &out) {
  out.scale = readU16(block);
  out.min = readU16(block + 2) ^ 0x8000;
  unpackScalesAndMins(block + 4, out);
  for (int part = 0; part < 4; ++part)
    unpackWideNibbles(nibbles + 32 * part, out.codes + 64 * part);
  if (fifthBits)
    for (int i = 0; i < 256; ++i)
      out.codes[i] |= (fifthBits[i % 32] >> (i / 32) & 1) << 4;
}

static void unpackQ6K(const uint8_t *block, QuantBlock &out) {
  for (int part = 0; part < 2; ++part) {
    const uint8_t *low = block + 64 * part, *high = block + 128 + 32 * part;
    uint8_t *codes = out.codes + 128 * part;
    for (int i = 0; i < 128; ++i)
      codes[i] = static_cast<uint8_t>((low[i % 64] >> (i / 64 * 4) & 15) |
                                      (high[i % 32] >> (i / 32 * 2) & 3) << 4);
  }
  std::memcpy(out.subScales, block + 192, 16);
  out.scale = readU16(block + 208);
}

static void unpackIQ4XS(const uint8_t *block, QuantBlock &out) {
  out.scale = readU16(block);
  unsigned high = readU16(block + 2);
  for (int s = 0; s < 8; ++s) {
    int low = block[4 + s / 2] >> (s % 2 * 4) & 15;
    out.subScales[s] = static_cast<int8_t>((low | static_cast<int>(high >> 2 * s & 3) << 4) - 32);
    unpackNibbles(block + 8 + 16 * s, out.codes + 32 * s);
  }
}

/// Half of 2^(exponent - 127), because levels are twice the values; every one is a bf16.
static uint16_t halfPowerOfTwo(uint8_t exponent) {
  return static_cast<uint16_t>(exponent < 2 ? 0x20 << exponent : (exponent - 1) << 7);
}

void frit::unpackBlock(Format format, const uint8_t *block, QuantBlock &out) {
  std::fill_n(out.subScales, 16, int8_t{1});
  std::fill_n(out.subMins, 16, uint8_t{1});
  out.scale = readU16(block);
  out.min = 0;
  switch (format) {
  case Format::Q4_0:
  case Format::IQ4_NL:
    return unpackNibbles(block + 2, out.codes);
  case Format::Q4_1:
    out.min = readU16(block + 2);
    return unpackNibbles(block + 4, out.codes);
  case Format::Q5_0:
    unpackNibbles(block + 6, out.codes);
    return addFifthBits(block + 2, out.codes);
  case Format::Q5_1:
    out.min = readU16(block + 2);
    unpackNibbles(block + 8, out.codes);
    return addFifthBits(block + 4, out.codes);
  case Format::Q8_0:
    for (int i = 0; i < 32; ++i)
      out.codes[i] = static_cast<uint8_t>(block[2 + i] + 128);
    return;
  case Format::Q2_K:
    return unpackQ2K(block, out);
  case Format::Q3_K:
    return unpackQ3K(block, out);
  case Format::Q4_K:
    return unpackQ45K(block, nullptr, block + 16, out);
  case Format::Q5_K:
    return unpackQ45K(block, block + 16, block + 48, out);
  case Format::Q6_K:
    return unpackQ6K(block, out);
  case Format::IQ4_XS:
    return unpackIQ4XS(block, out);
  case Format::MXFP4:
    out.scale = halfPowerOfTwo(block[0]);
    return unpackNibbles(block + 1, out.codes);
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
    for (int64_t first = 0; first < info.blockElements; first += info.subElements) {
      float scale = block.subScale(info, first / info.subElements);
      float min = block.subMin(first / info.subElements);
      for (int64_t i = first; i < first + info.subElements; ++i) {
        int level = info.levels ? info.levels[block.codes[i]] : block.codes[i];
        float value = static_cast<float>(level - info.zero) * scale;
        out[start + i] = info.hasMin ? value + min : value;
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Quantizing
//===----------------------------------------------------------------------===//

bool frit::canQuantize(Format format) {
  return formatInfo(format).isFloat() || format == Format::Q8_0 || format == Format::Q4_0;
}

/// Rounds to nearest, ties to even; a NaN stays one.
static uint16_t floatToBfloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static void putHalf(float value, uint8_t *out) {
  uint16_t half = floatToHalf(value);
  std::memcpy(out, &half, sizeof(half));
}

static void quantizeQ80(const float *values, uint8_t *out) {
  float largest = 0;
  for (int i = 0; i < 32; ++i)
    largest = std::max(largest, std::fabs(values[i]));
  float scale = largest / 127, inverse = scale != 0 ? 1 / scale : 0;
  putHalf(scale, out);
  for (int i = 0; i < 32; ++i)
    out[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(std::round(values[i] * inverse)));
}

static void quantizeQ40(const float *values, uint8_t *out) {
  float largest = 0; // of its magnitude, with its sign
  for (int i = 0; i < 32; ++i)
    if (std::fabs(values[i]) > std::fabs(largest))
      largest = values[i];
  float scale = largest / -8, inverse = scale != 0 ? 1 / scale : 0;
  putHalf(scale, out);
  auto code = [&](float value) {
    return std::min(15, static_cast<int>(static_cast<int8_t>(value * inverse + 8.5F)));
  };
  for (int i = 0; i < 16; ++i)
    out[2 + i] = static_cast<uint8_t>(code(values[i]) | code(values[i + 16]) << 4);
}

void frit::quantizeRow(Format format, const float *values, int64_t elements, uint8_t *out) {
  const FormatInfo &info = formatInfo(format);
  for (int64_t i = 0; i < elements; i += info.blockElements, out += info.blockBytes)
    switch (format) {
    case Format::F16:
      putHalf(values[i], out);
      break;
    case Format::BF16: {
      uint16_t bfloat = floatToBfloat(values[i]);
      std::memcpy(out, &bfloat, sizeof(bfloat));
      break;
    }
    case Format::Q8_0:
      quantizeQ80(values + i, out);
      break;
    case Format::Q4_0:
      quantizeQ40(values + i, out);
      break;
    default:
      std::memcpy(out, values + i, sizeof(float));
      break;
    }
}
