//===- GGUFParser.h - parses and validates one GGUF file ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_GGUF_GGUFPARSER_H
#define FRIT_LIB_IMPORT_GGUF_GGUFPARSER_H

#include "lib/Import/GGUF/GGUF.h"

namespace frit {

/// What one file holds; every view points into the bytes that were parsed.
struct ParsedGGUF {
  uint32_t version = 0;
  uint32_t alignment = 32;
  uint64_t dataOffset = 0;
  std::vector<GGUFEntry> entries;
  /// Indices into `entries` in the order of their keys, which are unique.
  std::vector<size_t> entriesByKey;
  /// In the order of the file; `part` is left 0.
  std::vector<GGUFTensor> tensors;
};

/// The bytes a value of this type takes in a file; 0 for strings and arrays.
uint64_t ggufTypeBytes(GGUFType type);
std::string_view ggufTypeKeyword(GGUFType type);

class GGUFParser {
public:
  /// The message does not name the file.
  static Result<ParsedGGUF> parse(const uint8_t *bytes, uint64_t size);

private:
  GGUFParser(const uint8_t *bytes, uint64_t size) : bytes(bytes), size(size) {}

  Status parseHeader();
  Status parseEntry(uint64_t number);
  Status parseValue(GGUFType type, unsigned depth, GGUFValue &value);
  Status parseArray(unsigned depth, GGUFValue &value);
  Status parseString(std::string_view &text);
  Status parseTensor(uint64_t number);
  Status sizeTensor(GGUFTensor &tensor);
  Status indexEntries();
  Status findAlignment();
  Status placeTensors();
  Status checkOverlaps() const;

  template <typename T>
  bool read(T &value);
  uint64_t remaining() const { return size - position; }
  /// "the file ends after <size> bytes, inside <what>"
  Failure endsInside(std::string_view what) const;

  const uint8_t *bytes;
  uint64_t size;
  uint64_t position = 0;
  uint64_t entryCount = 0;
  uint64_t tensorCount = 0;
  ParsedGGUF result;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_GGUF_GGUFPARSER_H
