//===- GGUFParser.cpp - parses and validates one GGUF file ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nothing in here trusts a number of the file: a count is compared with the bytes that are left
// before anything of that size is walked or allocated, and vectors grow with what was really read.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGUFParser.h"
#include "lib/Import/GGUF/GGMLTypes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

using namespace frit;

static_assert(std::endian::native == std::endian::little,
              "values are read as they lie in the file");

namespace {

constexpr uint64_t maxKeyBytes = 65535;
constexpr uint64_t maxTensorNameBytes = 64;
constexpr uint32_t maxDimensions = 4;
/// Of ggml. Far above any real model's; bounds the time a hostile file can take.
constexpr uint64_t maxArrayElements = uint64_t(1) << 26;
/// Real files do not nest at all; bounds the recursion.
constexpr unsigned maxArrayDepth = 8;
constexpr uint32_t defaultAlignment = 32;
constexpr uint32_t maxAlignment = 1 << 20;

// The fewest bytes an entry takes: key length, one byte of key, type, one byte of value.
constexpr uint64_t minEntryBytes = 8 + 1 + 4 + 1;
// Name length, one byte of name, rank, one dimension, type, offset.
constexpr uint64_t minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

std::string hexByte(uint8_t byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {'0', 'x', digits[byte >> 4], digits[byte & 0xf]};
}

/// "key 3 of 20", counted from one.
std::string ordinal(std::string_view what, uint64_t index, uint64_t count) {
  return std::string(what) + ' ' + std::to_string(index + 1) + " of " + std::to_string(count);
}

std::string quoted(std::string_view what, std::string_view name) {
  return std::string(what) + " '" + std::string(name) + "'";
}

bool isKnown(uint32_t type) { return type <= static_cast<uint32_t>(GGUFType::F64); }

/// The first byte that is no bool, or `count`.
uint64_t findBadBool(const uint8_t *bytes, uint64_t count) {
  return std::find_if(bytes, bytes + count, [](uint8_t byte) { return byte > 1; }) - bytes;
}

} // namespace

uint64_t frit::ggufTypeBytes(GGUFType type) {
  switch (type) {
  case GGUFType::U8:
  case GGUFType::I8:
  case GGUFType::Bool:
    return 1;
  case GGUFType::U16:
  case GGUFType::I16:
    return 2;
  case GGUFType::U32:
  case GGUFType::I32:
  case GGUFType::F32:
    return 4;
  case GGUFType::U64:
  case GGUFType::I64:
  case GGUFType::F64:
    return 8;
  case GGUFType::String:
  case GGUFType::Array:
    return 0;
  }
  __builtin_unreachable();
}

template <typename T>
bool GGUFParser::read(T &value) {
  if (remaining() < sizeof(T))
    return false;
  std::memcpy(&value, bytes + position, sizeof(T));
  position += sizeof(T);
  return true;
}

Failure GGUFParser::endsInside(std::string_view what) const {
  return Failure("the file ends after ", size, " bytes, inside ", what);
}

Result<ParsedGGUF> GGUFParser::parse(const uint8_t *bytes, uint64_t size) {
  GGUFParser parser(bytes, size);
  if (Status status = parser.parseHeader(); !status)
    return status.takeFailure();
  for (uint64_t i = 0; i < parser.entryCount; ++i)
    if (Status status = parser.parseEntry(i); !status)
      return status.takeFailure();
  if (Status status = parser.indexEntries(); !status)
    return status.takeFailure();
  if (Status status = parser.findAlignment(); !status)
    return status.takeFailure();
  for (uint64_t i = 0; i < parser.tensorCount; ++i)
    if (Status status = parser.parseTensor(i); !status)
      return status.takeFailure();
  if (Status status = parser.placeTensors(); !status)
    return status.takeFailure();
  if (Status status = parser.checkOverlaps(); !status)
    return status.takeFailure();
  return std::move(parser.result);
}

Status GGUFParser::parseHeader() {
  constexpr std::string_view magic = "GGUF";
  constexpr std::string_view lfsPointer = "version https://git-lfs";
  std::string_view start(reinterpret_cast<const char *>(bytes),
                         std::min<uint64_t>(size, lfsPointer.size()));
  if (size == 0)
    return Failure("is empty, expected a GGUF file");
  if (start == lfsPointer)
    return Failure("is a Git LFS pointer, not the model itself: run 'git lfs pull' where it came "
                   "from");
  std::string_view found = start.substr(0, magic.size());
  if (found != magic.substr(0, found.size())) {
    std::string text;
    for (unsigned char byte : found)
      text += (text.empty() ? "" : " ") + hexByte(byte);
    return Failure("is not a GGUF file: expected it to start with 'GGUF', found the bytes ", text);
  }
  position = found.size();
  uint32_t version = 0;
  if (found != magic || !read(version))
    return endsInside("the header");
  uint32_t swapped = std::byteswap(version);
  if (version == 1)
    return Failure("is GGUF version 1, whose counts have 32 bits, expected version 2 or 3: convert "
                   "the model again");
  if (swapped >= 1 && swapped <= 3)
    return Failure("is a big-endian GGUF file (version ", swapped,
                   " byte-swapped), expected a little-endian one");
  if (version != 2 && version != 3)
    return Failure("is GGUF version ", version, ", expected version 2 or 3");
  result.version = version;
  if (!read(tensorCount) || !read(entryCount))
    return endsInside("the header");
  if (entryCount > remaining() / minEntryBytes)
    return Failure("the header announces ", entryCount, " metadata keys, but a file of ", size,
                   " bytes cannot hold more than ", remaining() / minEntryBytes);
  uint64_t room = (remaining() - entryCount * minEntryBytes) / minTensorBytes;
  if (tensorCount > room)
    return Failure("the header announces ", tensorCount, " tensors, but a file of ", size,
                   " bytes with ", entryCount, " metadata keys cannot hold more than ", room);
  return {};
}

Status GGUFParser::parseEntry(uint64_t index) {
  auto here = [&] { return ordinal("metadata key", index, entryCount); };
  uint64_t keyBytes = 0;
  if (!read(keyBytes))
    return endsInside(here());
  if (keyBytes == 0)
    return Failure(here(), ": is empty");
  if (keyBytes > maxKeyBytes)
    return Failure(here(), ": is ", keyBytes, " bytes long, at most ", maxKeyBytes, " are allowed");
  if (keyBytes > remaining())
    return endsInside(here());
  std::string_view key(reinterpret_cast<const char *>(bytes + position), keyBytes);
  position += keyBytes;
  for (unsigned char byte : key)
    if (byte <= 0x20 || byte >= 0x7f)
      return Failure(here(), ": holds the byte ", hexByte(byte),
                     ", expected printable ASCII without spaces");

  uint32_t type = 0;
  if (!read(type))
    return endsInside(quoted("metadata key", key));
  if (!isKnown(type))
    return Failure(quoted("metadata key", key), ": unknown value type ", type,
                   ", expected 0 to 12");
  GGUFEntry entry{key, {}};
  if (Status status = parseValue(static_cast<GGUFType>(type), 0, entry.value); !status)
    return status.takeFailure().in(quoted("metadata key", key));
  result.entries.push_back(entry);
  return {};
}

Status GGUFParser::parseString(std::string_view &text) {
  uint64_t length = 0;
  if (!read(length))
    return endsInside("a string");
  if (length > remaining())
    return Failure("a string of ", length, " bytes, but the file ends ", remaining(),
                   " bytes after its length");
  text = {reinterpret_cast<const char *>(bytes + position), length};
  position += length;
  if (size_t at = text.find('\0'); at != text.npos)
    return Failure("a string with a NUL character at position ", at);
  return {};
}

Status GGUFParser::parseValue(GGUFType type, unsigned depth, GGUFValue &value) {
  value.valueType = type;
  switch (type) {
  case GGUFType::String: {
    std::string_view text;
    if (Status status = parseString(text); !status)
      return status;
    value.payload = reinterpret_cast<const uint8_t *>(text.data());
    value.count = text.size();
    return {};
  }
  case GGUFType::Array:
    return parseArray(depth, value);
  default:
    break;
  }
  uint64_t valueBytes = ggufTypeBytes(type);
  if (valueBytes > remaining())
    return endsInside("its value");
  value.payload = bytes + position;
  position += valueBytes;
  if (type == GGUFType::Bool && findBadBool(value.payload, 1) == 0)
    return Failure("a bool is stored as the byte ", hexByte(*value.payload), ", expected 0 or 1");
  return {};
}

Status GGUFParser::parseArray(unsigned depth, GGUFValue &value) {
  if (depth == maxArrayDepth)
    return Failure("arrays are nested more than ", maxArrayDepth, " deep");
  uint32_t type = 0;
  uint64_t count = 0;
  if (!read(type) || !read(count))
    return endsInside("the header of an array");
  if (!isKnown(type))
    return Failure("unknown array element type ", type, ", expected 0 to 12");
  if (count > maxArrayElements)
    return Failure("an array of ", count, " elements, at most ", maxArrayElements, " are allowed");
  GGUFType elementType = static_cast<GGUFType>(type);
  value.arrayElementType = elementType;
  value.count = count;
  value.payload = bytes + position;

  if (uint64_t elementBytes = ggufTypeBytes(elementType)) {
    if (count > remaining() / elementBytes)
      return Failure("an array of ", count, ' ', ggufTypeKeyword(elementType),
                     " elements, but the file ends ", remaining(), " bytes after its header");
    position += count * elementBytes;
    if (elementType != GGUFType::Bool)
      return {};
    if (uint64_t bad = findBadBool(value.payload, count); bad != count)
      return Failure(ordinal("element", bad, count), ": a bool is stored as the byte ",
                     hexByte(value.payload[bad]), ", expected 0 or 1");
    return {};
  }
  for (uint64_t i = 0; i < count; ++i) {
    GGUFValue element;
    if (Status status = parseValue(elementType, depth + 1, element); !status) {
      Failure failure = status.takeFailure();
      return std::move(failure).in(ordinal("element", i, count));
    }
  }
  return {};
}

Status GGUFParser::indexEntries() {
  std::vector<size_t> &order = result.entriesByKey;
  order.resize(result.entries.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  auto keyOf = [&](size_t index) { return result.entries[index].key; };
  std::ranges::sort(order, {}, keyOf);
  auto twin = std::ranges::adjacent_find(order, {}, keyOf);
  if (twin != order.end())
    return Failure(quoted("metadata key", keyOf(*twin)), " occurs twice");
  return {};
}

Status GGUFParser::findAlignment() {
  constexpr std::string_view key = "general.alignment";
  result.alignment = defaultAlignment;
  for (const GGUFEntry &entry : result.entries) {
    if (entry.key != key)
      continue;
    if (entry.value.type() != GGUFType::U32)
      return Failure(quoted("metadata key", key), ": expected u32, found ", entry.value.typeName());
    std::memcpy(&result.alignment, entry.value.payload, sizeof(result.alignment));
  }
  uint32_t alignment = result.alignment;
  if (!std::has_single_bit(alignment) || alignment < 8 || alignment > maxAlignment)
    return Failure(quoted("metadata key", key), ": expected a power of two from 8 to ",
                   maxAlignment, ", found ", alignment);
  return {};
}

Status GGUFParser::parseTensor(uint64_t index) {
  auto here = [&] { return ordinal("tensor", index, tensorCount); };
  uint64_t nameBytes = 0;
  if (!read(nameBytes))
    return endsInside(here());
  if (nameBytes == 0)
    return Failure(here(), ": its name is empty");
  if (nameBytes > maxTensorNameBytes)
    return Failure(here(), ": its name is ", nameBytes, " bytes long, at most ", maxTensorNameBytes,
                   " are allowed");
  if (nameBytes > remaining())
    return endsInside(here());
  GGUFTensor tensor;
  tensor.name = {reinterpret_cast<const char *>(bytes + position), nameBytes};
  position += nameBytes;
  for (unsigned char byte : tensor.name)
    if (byte < 0x20 || byte == 0x7f)
      return Failure(here(), ": its name holds the control character ", hexByte(byte));

  std::string name = quoted("tensor", tensor.name);
  uint32_t rank = 0;
  if (!read(rank))
    return endsInside(name);
  if (rank < 1 || rank > maxDimensions)
    return Failure(name, ": expected 1 to ", maxDimensions, " dimensions, found ", rank);
  tensor.rank = rank;
  for (uint32_t i = 0; i < rank; ++i) {
    uint64_t dim = 0;
    if (!read(dim))
      return endsInside(name);
    if (dim > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return Failure(name, ": dimension ", i, " is ", dim, ", which is more than 2^63 - 1");
    tensor.dims[i] = static_cast<int64_t>(dim);
  }
  if (!read(tensor.ggmlType) || !read(tensor.fileOffset))
    return endsInside(name);
  if (Status status = sizeTensor(tensor); !status)
    return status.takeFailure().in(name);
  if (tensor.fileOffset % result.alignment != 0)
    return Failure(name, ": its offset ", tensor.fileOffset, " is not a multiple of the alignment ",
                   result.alignment);
  result.tensors.push_back(tensor);
  return {};
}

Status GGUFParser::sizeTensor(GGUFTensor &tensor) {
  // Empty dimensions count as one, so that no partial product of the dimensions overflows, either.
  int64_t elements = 1;
  for (int64_t dim : tensor.dims)
    if (__builtin_mul_overflow(elements, std::max<int64_t>(dim, 1), &elements))
      return Failure("its number of elements does not fit in 63 bits");
  std::optional<GGMLBlock> block = ggmlBlock(tensor.ggmlType);
  if (!block)
    return Failure("unknown tensor type ", tensor.ggmlType);
  if (tensor.dims[0] % block->elements != 0)
    return Failure("its rows have ", tensor.dims[0], " elements, which is not a multiple of the ",
                   block->elements, " in a block of ", ggufTypeName(tensor.ggmlType));
  int64_t tensorBytes = 0;
  if (__builtin_mul_overflow(tensor.elements() / block->elements, int64_t(block->bytes),
                             &tensorBytes))
    return Failure("its number of bytes does not fit in 63 bits");
  tensor.bytes = static_cast<uint64_t>(tensorBytes);
  return {};
}

Status GGUFParser::placeTensors() {
  // A file may end right after its header when there are no tensors.
  result.dataOffset = position;
  if (result.tensors.empty())
    return {};
  result.dataOffset = (position + result.alignment - 1) & ~uint64_t(result.alignment - 1);
  if (result.dataOffset > size)
    return Failure("the file ends after ", size, " bytes, before the tensor data at byte ",
                   result.dataOffset);
  uint64_t dataBytes = size - result.dataOffset;
  for (GGUFTensor &tensor : result.tensors) {
    if (tensor.fileOffset > dataBytes || tensor.bytes > dataBytes - tensor.fileOffset)
      return Failure(quoted("tensor", tensor.name), ": ", tensor.bytes, " bytes at offset ",
                     tensor.fileOffset, " of the tensor data, which has only ", dataBytes,
                     " bytes");
    tensor.fileOffset += result.dataOffset;
    tensor.data = bytes + tensor.fileOffset;
  }
  return {};
}

Status GGUFParser::checkOverlaps() const {
  std::vector<const GGUFTensor *> order;
  for (const GGUFTensor &tensor : result.tensors)
    if (tensor.bytes != 0)
      order.push_back(&tensor);
  // The position in the file's list breaks ties, so that the message is always the same.
  std::ranges::sort(order, {},
                    [](const GGUFTensor *tensor) { return std::pair(tensor->fileOffset, tensor); });
  for (size_t i = 1; i < order.size(); ++i) {
    const GGUFTensor &previous = *order[i - 1], &tensor = *order[i];
    if (tensor.fileOffset < previous.fileOffset + previous.bytes)
      return Failure(quoted("tensor", tensor.name), ": begins at byte ", tensor.fileOffset,
                     " of the file, inside ", quoted("tensor", previous.name), " (bytes ",
                     previous.fileOffset, " to ", previous.fileOffset + previous.bytes - 1, ")");
  }
  return {};
}
