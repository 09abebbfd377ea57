//===- Safetensors.cpp - the header of a safetensors file ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/Safetensors.h"

#include "lib/Support/JSON.h"
#include "lib/Support/Printable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"

using namespace frit;
using llvm::StringRef;

/// As in the library of the format.
static constexpr uint64_t maxHeaderBytes = 100'000'000;

static std::optional<unsigned> typeBits(StringRef type) {
  static constexpr struct {
    llvm::StringLiteral name;
    unsigned bits;
  } types[] = {{"BOOL", 8},    {"U8", 8},   {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8},
               {"F8_E8M0", 8}, {"I16", 16}, {"U16", 16}, {"F16", 16},    {"BF16", 16},
               {"I32", 32},    {"U32", 32}, {"F32", 32}, {"I64", 64},    {"U64", 64},
               {"F64", 64},    {"C64", 64}, {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}};
  for (const auto &known : types)
    if (known.name == type)
      return known.bits;
  return std::nullopt;
}

static Failure tensorFailure(StringRef name, const llvm::Twine &message) {
  return Failure(printable(message.str())).in(printable(("tensor " + name).str()));
}

static std::optional<uint64_t> asSize(const llvm::json::Value &value) {
  std::optional<int64_t> number = value.getAsInteger();
  if (!number || *number < 0)
    return std::nullopt;
  return static_cast<uint64_t>(*number);
}

static Result<SafetensorsTensor> readTensor(StringRef name, const llvm::json::Value &json,
                                            uint64_t dataBytes) {
  const llvm::json::Object *object = json.getAsObject();
  if (!object)
    return tensorFailure(name, "expected an object");
  SafetensorsTensor tensor;
  tensor.name = name.str();
  std::optional<StringRef> type = object->getString("dtype");
  if (!type)
    return tensorFailure(name, "expected a text as dtype");
  tensor.type = type->str();
  std::optional<unsigned> bits = typeBits(*type);
  if (!bits)
    return tensorFailure(name, "expected a known dtype, found '" + *type + "'");

  const llvm::json::Array *shape = object->getArray("shape");
  if (!shape)
    return tensorFailure(name, "expected a list as shape");
  uint64_t elements = 1;
  for (const llvm::json::Value &dimension : *shape) {
    std::optional<uint64_t> size = asSize(dimension);
    if (!size)
      return tensorFailure(name, "expected whole numbers of 0 or more in shape");
    tensor.shape.push_back(static_cast<int64_t>(*size));
    if (__builtin_mul_overflow(elements, *size, &elements))
      return tensorFailure(name, "expected a shape of fewer than 2^64 elements");
  }
  uint64_t allBits;
  if (__builtin_mul_overflow(elements, static_cast<uint64_t>(*bits), &allBits) || allBits % 8)
    return tensorFailure(name, "expected a shape whose elements fill whole bytes");

  const llvm::json::Array *offsets = object->getArray("data_offsets");
  std::optional<uint64_t> begin, end;
  if (offsets && offsets->size() == 2) {
    begin = asSize((*offsets)[0]);
    end = asSize((*offsets)[1]);
  }
  if (!begin || !end || *begin > *end)
    return tensorFailure(name, "expected begin and end as data_offsets");
  if (*end > dataBytes)
    return tensorFailure(name, "expected data that ends at byte " + llvm::Twine(dataBytes) +
                                   " or before, where the file does, found " + llvm::Twine(*end));
  if (*end - *begin != allBits / 8)
    return tensorFailure(name, "expected " + llvm::Twine(allBits / 8) +
                                   " bytes for its shape and dtype, found data_offsets of " +
                                   llvm::Twine(*end - *begin));
  tensor.offset = *begin;
  tensor.bytes = *end - *begin;
  return tensor;
}

Result<std::vector<SafetensorsTensor>> frit::readSafetensors(const uint8_t *bytes,
                                                             uint64_t byteCount) {
  if (byteCount < 8)
    return Failure("expected the 8 bytes of a safetensors header's length, found a file of ",
                   byteCount, " bytes");
  uint64_t headerBytes = llvm::support::endian::read64le(bytes);
  if (headerBytes > maxHeaderBytes)
    return Failure("expected a header of at most ", maxHeaderBytes, " bytes, found ", headerBytes,
                   "; is it a safetensors file?");
  if (headerBytes > byteCount - 8)
    return Failure("expected a header of ", headerBytes,
                   " bytes, found the end of the file at byte ", byteCount,
                   "; is the file complete?");
  StringRef text(reinterpret_cast<const char *>(bytes) + 8, headerBytes);
  if (!text.starts_with("{"))
    return Failure("expected a header that begins with '{'");
  Result<llvm::json::Value> header = parseJSON(text);
  if (!header)
    return header.takeFailure().in("header");
  if (Status status = requireUniqueKeys(text); !status)
    return status.takeFailure().in("header");
  const llvm::json::Object *object = header->getAsObject();
  if (!object)
    return Failure("expected an object as header");

  uint64_t dataBytes = byteCount - 8 - headerBytes;
  std::vector<SafetensorsTensor> tensors;
  for (const auto &[key, value] : *object) {
    if (key == "__metadata__") {
      const llvm::json::Object *metadata = value.getAsObject();
      if (!metadata || !llvm::all_of(*metadata, [](const auto &entry) {
            return entry.second.kind() == llvm::json::Value::String;
          }))
        return Failure("__metadata__: expected an object that holds texts");
      continue;
    }
    Result<SafetensorsTensor> tensor = readTensor(key, value, dataBytes);
    if (!tensor)
      return tensor.takeFailure();
    tensors.push_back(*std::move(tensor));
  }
  llvm::sort(tensors, [](const SafetensorsTensor &a, const SafetensorsTensor &b) {
    return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
  });
  uint64_t at = 0;
  for (SafetensorsTensor &tensor : tensors) {
    if (tensor.offset != at)
      return tensorFailure(tensor.name, "expected its data at byte " + llvm::Twine(at) +
                                            ", behind that of the tensor before, found " +
                                            llvm::Twine(tensor.offset));
    at += tensor.bytes;
    tensor.offset += 8 + headerBytes;
  }
  if (at != dataBytes)
    return Failure("expected the data to end at byte ", at, ", with the last tensor, found ",
                   dataBytes, " bytes; is the file complete?");
  return tensors;
}
