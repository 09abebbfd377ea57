//===- Activations.cpp - what goes in and out of phases -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Verify/Activations.h"

#include "dialects/Tile/Tile.h"

#include <cmath>
#include <cstring>
#include <numeric>

using namespace frit;
using namespace frit::verify;
using reference::QuantizedTensor;

/// What a block has behind its codes (tile::ActivationBlock), computed from them.
namespace {
struct BlockTail {
  float scale, scaledSum;
  int32_t sum, firstSum;
};
static_assert(sizeof(BlockTail) ==
                  tile::activationBlockOf(0).blockBytes - tile::activationBlockOf(0).scale,
              "the tail is what is in memory");
} // namespace

static BlockTail tailOf(const int8_t *codes, int64_t block, float scale) {
  int32_t first = std::accumulate(codes, codes + block / 2, 0);
  int32_t sum = std::accumulate(codes + block / 2, codes + block, first);
  return {scale, scale * static_cast<float>(sum), sum, first};
}

std::vector<uint8_t> Activation::toBytes() const {
  if (!codes) {
    std::vector<uint8_t> bytes(tensor.values.size() * sizeof(float));
    if (!bytes.empty())
      std::memcpy(bytes.data(), tensor.values.data(), bytes.size());
    return bytes;
  }
  auto block = static_cast<size_t>(codes->block);
  std::vector<uint8_t> bytes;
  for (size_t b = 0; b < codes->scales.size(); ++b) {
    const int8_t *first = codes->codes.data() + b * block;
    BlockTail tail = tailOf(first, codes->block, codes->scales[b]);
    const auto *tailBytes = reinterpret_cast<const uint8_t *>(&tail);
    bytes.insert(bytes.end(), first, first + block);
    bytes.insert(bytes.end(), tailBytes, tailBytes + sizeof(tail));
  }
  return bytes;
}

std::optional<Activation> Activation::fromBytes(const Manifest::Buffer &buffer,
                                                const uint8_t *bytes, int64_t rows) {
  Activation result;
  result.tensor = {rows, buffer.columns};
  if (!buffer.block) {
    if (rows)
      std::memcpy(result.tensor.values.data(), bytes, static_cast<size_t>(rows * buffer.rowBytes));
    return result;
  }
  QuantizedTensor &codes = result.codes.emplace(rows, buffer.columns, buffer.block);
  int64_t blockBytes = tile::activationBlockOf(buffer.block).blockBytes;
  for (size_t b = 0; b < codes.scales.size(); ++b) {
    const uint8_t *from = bytes + static_cast<int64_t>(b) * blockBytes;
    int8_t *first = codes.codes.data() + static_cast<int64_t>(b) * buffer.block;
    std::memcpy(first, from, static_cast<size_t>(buffer.block));
    BlockTail found;
    std::memcpy(&found, from + buffer.block, sizeof(found));
    BlockTail expected = tailOf(first, buffer.block, found.scale);
    bool isSame = std::isnan(expected.scaledSum) ? std::isnan(found.scaledSum)
                                                 : found.scaledSum == expected.scaledSum;
    if (!isSame || found.sum != expected.sum || found.firstSum != expected.firstSum)
      return std::nullopt;
    codes.scales[b] = found.scale;
    codes.sums[b] = found.sum;
  }
  return result;
}

Matrix verify::toMatrix(const QuantizedTensor &codes) {
  Matrix result(codes.rows, codes.columns);
  for (size_t i = 0; i < codes.codes.size(); ++i)
    result.values[i] =
        static_cast<double>(codes.scales[i / static_cast<size_t>(codes.block)]) * codes.codes[i];
  return result;
}

Matrix verify::toMatrix(const Activation &activation) {
  return activation.codes ? toMatrix(*activation.codes) : toMatrix(activation.tensor);
}
