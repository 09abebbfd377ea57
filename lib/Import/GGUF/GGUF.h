//===- GGUF.h - reader of GGUF model files --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads GGUF version 2 and 3 (ggml, docs/gguf.md), little-endian, in one file or split over several
// (`<name>-00001-of-00003.gguf`). Files are mapped, never read: keys, strings, arrays and weights
// are views into the mapping, valid as long as the GGUFFile (moving it keeps them valid).
//
// Everything is validated when a file is opened, so that no accessor can run out of bounds:
// whatever a file holds, opening it gives a GGUFFile or one Failure that names the file and the
// place, in time and memory linear in the size of its header.
//
// C++17 and free of LLVM: the compiler and the runtime both include it.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_GGUF_GGUF_H
#define FRIT_LIB_IMPORT_GGUF_GGUF_H

#include "frit/Formats/Formats.h"
#include "frit/Support/Result.h"
#include "lib/Import/GGUF/MappedFile.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// Type of a metadata value; the numbers are those in the file.
enum class GGUFType : uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

/// One metadata value: a typed view of its bytes in the file. The as-functions accept every type
/// that represents the value exactly (any integer width and sign for asUInt, integers and floats
/// for asFloat) and otherwise say what was expected and what was found. An empty array converts to
/// an array of anything.
class GGUFValue {
public:
  GGUFType type() const { return valueType; }
  /// Of an array.
  GGUFType elementType() const { return arrayElementType; }
  /// Number of elements of an array, of bytes of a string; 1 for everything else.
  uint64_t size() const { return count; }
  /// "u32", "array of string", ...
  std::string typeName() const;

  Result<uint64_t> asUInt() const;
  Result<int64_t> asInt() const;
  Result<double> asFloat() const;
  Result<bool> asBool() const;
  Result<std::string_view> asString() const;

  Result<std::vector<uint64_t>> asUIntArray() const;
  Result<std::vector<int64_t>> asIntArray() const;
  Result<std::vector<double>> asFloatArray() const;
  Result<std::vector<bool>> asBoolArray() const;
  /// Views into the file, 16 bytes an element.
  Result<std::vector<std::string_view>> asStringArray() const;

  /// The elements of an array, which may be arrays again; empty for other types.
  std::vector<GGUFValue> elements() const;

private:
  friend class GGUFParser;
  static GGUFValue take(GGUFType type, const uint8_t *&at);
  template <typename Callback>
  void forEachElement(Callback callback) const;
  template <typename T>
  T load() const;
  template <typename T>
  Result<std::vector<T>> asArray(Result<T> (GGUFValue::*convert)() const, bool (*accepts)(GGUFType),
                                 std::string_view what) const;
  Failure expected(std::string_view what) const;

  const uint8_t *payload = nullptr; ///< First byte of a scalar, a string's text, the first element.
  uint64_t count = 1;
  GGUFType valueType = GGUFType::U8;
  GGUFType arrayElementType = GGUFType::U8;
};

struct GGUFEntry {
  std::string_view key;
  GGUFValue value;
};

struct GGUFTensor {
  std::string_view name;
  /// Elements per dimension as in the file: dims[0] is the innermost one (of a weight: its input
  /// features), dimensions past `rank` are 1. A dimension may be 0.
  std::array<int64_t, 4> dims = {1, 1, 1, 1};
  unsigned rank = 0;
  /// Number in ggml's `enum ggml_type`; always one whose block size is known.
  uint32_t ggmlType = 0;
  /// Index into GGUFFile::parts().
  unsigned part = 0;
  /// Position of the first byte in that file.
  uint64_t fileOffset = 0;
  uint64_t bytes = 0;
  /// `bytes` bytes in the mapping, aligned to the file's alignment (8 or more).
  const uint8_t *data = nullptr;

  int64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
  /// Rows of dims[0] values each.
  int64_t rows() const { return dims[1] * dims[2] * dims[3]; }
  /// Nothing when frit cannot read the type; see GGUFFile::checkFormats.
  std::optional<Format> format() const { return formatByGGUFType(ggmlType); }
};

/// One file of a model.
struct GGUFPart {
  std::string path;
  uint64_t fileBytes = 0;
  uint32_t version = 0;
  uint32_t alignment = 0;
  /// Where the tensor data begins.
  uint64_t dataOffset = 0;
  MappedFile mapping;
};

class GGUFFile {
public:
  /// Maps and validates the model at `path`. Any part of a split model opens all its parts, which
  /// are looked for beside it.
  static Result<GGUFFile> open(std::string_view path);

  /// Reads a model that is in memory already, where it must stay; `name` stands for the path in
  /// messages. Split models are refused.
  static Result<GGUFFile> fromMemory(std::string_view name, const uint8_t *bytes, uint64_t size);

  /// The path of the first part.
  const std::string &path() const { return fileParts.front().path; }
  const std::vector<GGUFPart> &parts() const { return fileParts; }

  /// In the order of the file; of a split model, the metadata of the first part.
  const std::vector<GGUFEntry> &metadata() const { return entries; }
  /// Null when there is no such key.
  const GGUFValue *find(std::string_view key) const;

  /// Values that must be there: the message names file, key, expected and found type.
  Result<uint64_t> getUInt(std::string_view key) const;
  Result<int64_t> getInt(std::string_view key) const;
  Result<double> getFloat(std::string_view key) const;
  Result<bool> getBool(std::string_view key) const;
  Result<std::string_view> getString(std::string_view key) const;
  Result<std::vector<uint64_t>> getUIntArray(std::string_view key) const;
  Result<std::vector<int64_t>> getIntArray(std::string_view key) const;
  Result<std::vector<double>> getFloatArray(std::string_view key) const;
  Result<std::vector<bool>> getBoolArray(std::string_view key) const;
  Result<std::vector<std::string_view>> getStringArray(std::string_view key) const;

  /// In the order of the files.
  const std::vector<GGUFTensor> &tensors() const { return tensorInfos; }
  /// Null when there is no such tensor.
  const GGUFTensor *findTensor(std::string_view name) const;

  /// Fails when a tensor has a type that Formats.def lacks, naming all such types at once.
  Status checkFormats() const;

private:
  friend class GGUFLoader;
  template <typename T>
  Result<T> get(std::string_view key, Result<T> (GGUFValue::*convert)() const) const;

  std::vector<GGUFPart> fileParts;
  std::vector<GGUFEntry> entries;
  std::vector<size_t> entriesByKey;
  std::vector<GGUFTensor> tensorInfos;
  std::vector<size_t> tensorsByName;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_GGUF_GGUF_H
