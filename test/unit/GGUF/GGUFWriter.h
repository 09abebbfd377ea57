//===- GGUFWriter.h - writes GGUF files byte by byte, right or wrong ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shares no code with the reader. Every number of the format can be set to something wrong.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_GGUF_GGUFWRITER_H
#define FRIT_TEST_UNIT_GGUF_GGUFWRITER_H

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace frit::test {

/// Little-endian bytes of a file in the making.
class ByteWriter {
public:
  std::string bytes;

  template <typename T>
  ByteWriter &put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.append(raw, sizeof(T));
    return *this;
  }
  ByteWriter &raw(std::string_view text) {
    bytes += text;
    return *this;
  }
  /// u64 length and the text.
  ByteWriter &string(std::string_view text) { return put<uint64_t>(text.size()).raw(text); }
};

/// Value type numbers of the format.
inline constexpr uint32_t typeU8 = 0;
inline constexpr uint32_t typeI8 = 1;
inline constexpr uint32_t typeU16 = 2;
inline constexpr uint32_t typeI16 = 3;
inline constexpr uint32_t typeU32 = 4;
inline constexpr uint32_t typeI32 = 5;
inline constexpr uint32_t typeF32 = 6;
inline constexpr uint32_t typeBool = 7;
inline constexpr uint32_t typeString = 8;
inline constexpr uint32_t typeArray = 9;
inline constexpr uint32_t typeU64 = 10;
inline constexpr uint32_t typeI64 = 11;
inline constexpr uint32_t typeF64 = 12;

/// Tensor type numbers of ggml.
inline constexpr uint32_t ggmlF32 = 0;
inline constexpr uint32_t ggmlF16 = 1;
inline constexpr uint32_t ggmlQ40 = 2;
inline constexpr uint32_t ggmlQ6K = 14;
inline constexpr uint32_t ggmlIQ2XXS = 16;
inline constexpr uint32_t ggmlIQ3S = 21;
inline constexpr uint32_t ggmlI8 = 24;

class GGUFWriter {
public:
  struct Tensor {
    std::string name;
    std::vector<uint64_t> dims;
    uint32_t type = ggmlF32;
    std::string data;
    std::optional<uint32_t> rank;   ///< Instead of dims.size().
    std::optional<uint64_t> offset; ///< Instead of the next aligned one.
  };

  std::string magic = "GGUF";
  uint32_t version = 3;
  std::optional<uint64_t> keyCount, tensorCount;
  uint64_t alignment = 32;
  std::vector<Tensor> tensors;

  /// A key with the bytes of its value.
  GGUFWriter &key(std::string_view name, uint32_t type, std::string_view value) {
    ++keys;
    metadata.string(name).put(type).raw(value);
    return *this;
  }
  template <typename T>
  GGUFWriter &scalar(std::string_view name, uint32_t type, T value) {
    return key(name, type, ByteWriter().put(value).bytes);
  }
  GGUFWriter &u32(std::string_view name, uint32_t value) { return scalar(name, typeU32, value); }
  GGUFWriter &string(std::string_view name, std::string_view value) {
    return key(name, typeString, ByteWriter().string(value).bytes);
  }
  template <typename T>
  GGUFWriter &array(std::string_view name, uint32_t elementType, const std::vector<T> &values) {
    ByteWriter writer;
    writer.put(elementType).template put<uint64_t>(values.size());
    for (const T &value : values) {
      if constexpr (std::is_convertible_v<T, std::string_view>)
        writer.string(value);
      else
        writer.put(value);
    }
    return key(name, typeArray, writer.bytes);
  }
  /// Bytes in the place of a metadata entry; counts as one.
  GGUFWriter &rawEntry(std::string_view bytes) {
    ++keys;
    metadata.raw(bytes);
    return *this;
  }

  GGUFWriter &tensor(std::string_view name, std::vector<uint64_t> dims, uint32_t type,
                     std::string_view data) {
    tensors.push_back({std::string(name), std::move(dims), type, std::string(data), {}, {}});
    return *this;
  }
  GGUFWriter &f32Tensor(std::string_view name, std::vector<uint64_t> dims,
                        const std::vector<float> &values) {
    ByteWriter data;
    for (float value : values)
      data.put(value);
    return tensor(name, std::move(dims), ggmlF32, data.bytes);
  }

  /// The file; it ends with the last byte of the last tensor.
  std::string build() const {
    ByteWriter file;
    file.raw(magic).put(version);
    file.put<uint64_t>(tensorCount.value_or(tensors.size())).put<uint64_t>(keyCount.value_or(keys));
    file.raw(metadata.bytes);
    std::string data;
    for (const Tensor &tensor : tensors) {
      data.resize((data.size() + alignment - 1) / alignment * alignment);
      file.string(tensor.name).put<uint32_t>(tensor.rank.value_or(tensor.dims.size()));
      for (uint64_t dim : tensor.dims)
        file.put(dim);
      file.put(tensor.type).put<uint64_t>(tensor.offset.value_or(data.size()));
      data += tensor.data;
    }
    if (!tensors.empty())
      file.bytes.resize((file.bytes.size() + alignment - 1) / alignment * alignment);
    return file.bytes + data;
  }

private:
  uint64_t keys = 0;
  ByteWriter metadata;
};

/// A small valid model: every value type, three tensors of different formats.
inline GGUFWriter smallModel() {
  GGUFWriter writer;
  writer.string("general.architecture", "llama")
      .u32("llama.block_count", 2)
      .scalar<float>("llama.attention.layer_norm_rms_epsilon", typeF32, 1e-5f)
      .scalar<uint8_t>("test.u8", typeU8, 200)
      .scalar<int8_t>("test.i8", typeI8, -100)
      .scalar<uint16_t>("test.u16", typeU16, 60000)
      .scalar<int16_t>("test.i16", typeI16, -30000)
      .scalar<int32_t>("test.i32", typeI32, -2000000000)
      .scalar<uint64_t>("test.u64", typeU64, 18446744073709551615u)
      .scalar<int64_t>("test.i64", typeI64, -9000000000000000000)
      .scalar<double>("test.f64", typeF64, 0.1)
      .scalar<uint8_t>("test.bool", typeBool, 1)
      .array<std::string>("tokenizer.ggml.tokens", typeString, {"a", "", "\xc4\xa0hello"})
      .array<float>("tokenizer.ggml.scores", typeF32, {0.5f, -1, 2})
      .array<int32_t>("tokenizer.ggml.token_type", typeI32, {1, 3, 1})
      .array<uint8_t>("test.bools", typeBool, {0, 1, 1});
  writer.f32Tensor("token_embd.weight", {4, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
      .tensor("blk.0.attn_q.weight", {32, 2}, ggmlQ40, std::string(36, '\x5a'))
      .tensor("output_norm.weight", {5}, ggmlF16, std::string(10, '\x3c'));
  return writer;
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_GGUF_GGUFWRITER_H
