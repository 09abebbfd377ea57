//===- Checkpoint.h - keys and tensors of a model, whatever its files are --===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What architecture records are applied to: named values and named tensors, of a GGUF file or of a
// Hugging Face directory. Nothing here knows what they mean.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_CHECKPOINT_H
#define FRIT_LIB_IMPORT_CHECKPOINT_H

#include "lib/Arch/ArchRecord.h"
#include "lib/Import/GGUF/GGUF.h"
#include "lib/Support/Number.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

#include <deque>
#include <memory>
#include <variant>

namespace frit {

struct TokenizerData;
class HuggingFaceDirectory;

/// A text of a checkpoint in quotes, cut if it is long, and without what a terminal would obey.
std::string quoteText(llvm::StringRef text);

/// A value of a checkpoint's metadata; a view of it.
class CheckpointValue {
public:
  CheckpointValue(const GGUFValue &value) : value(value) {}
  CheckpointValue(const llvm::json::Value &value) : value(&value) {}

  bool isArray() const;
  bool isBool() const;
  /// Of an array.
  uint64_t size() const;
  std::vector<CheckpointValue> elements() const;

  /// An f32 is read as its shortestDecimal().
  Result<double> asNumber() const;
  Result<bool> asBool() const;
  Result<std::string_view> asText() const;
  /// Whether config.json says the same twice: 8 and 8.0 are one number.
  bool equals(const CheckpointValue &other) const;
  /// A short text for messages.
  std::string describe() const;

private:
  std::variant<GGUFValue, const llvm::json::Value *> value;
};

struct CheckpointTensor {
  std::string_view name;
  llvm::SmallVector<int64_t, 4> shape; ///< Row-major.
  std::optional<Format> format;        ///< Nothing: frit cannot read the type.
  std::string_view typeName;           ///< As the file calls it: "Q4_K", "BF16".
  unsigned file = 0;                   ///< Index into Checkpoint::files().
  uint64_t offset = 0;                 ///< Of the first byte in that file.
  const uint8_t *data = nullptr;       ///< Its bytes, all of which are there.
};

/// Not copied: values and names are views of what it holds.
class Checkpoint {
public:
  /// A GGUF file (any part of a split one), a Hugging Face directory, or a .safetensors file of
  /// one. Only headers are read.
  static Result<Checkpoint> open(llvm::StringRef path);
  /// `file` must live as long as the checkpoint.
  static Checkpoint view(const GGUFFile &file);

  /// Of a directory: takes `text` for what config.json says. If there is anything wrong with it,
  /// nothing changes. For tests of many configurations; views of the old values end.
  Status setConfig(llvm::StringRef text);

  Checkpoint(Checkpoint &&) noexcept;
  Checkpoint &operator=(Checkpoint &&) noexcept;
  ~Checkpoint();

  Origin origin() const { return from; }
  const std::string &path() const { return modelPath; }
  /// Where the files are.
  const std::string &directory() const { return modelDirectory; }
  /// The files of weights, relative to the directory.
  const std::vector<std::string> &files() const { return weightFiles; }
  /// The first byte of a file.
  const uint8_t *fileData(size_t index) const;

  /// What it says its architecture is, for {arch} and to find a record.
  Result<std::string_view> architecture() const;
  /// For people: its own name, or that of its file.
  std::string name() const;
  /// Model and pre-tokenizer as GGUF names them ("gpt2 smollm"); empty when there is none.
  std::string tokenizerKind() const;
  Result<TokenizerData> readTokenizer() const;

  struct Entry {
    std::string key;
    CheckpointValue value;
  };
  /// Of a directory: the values of config.json, those in objects as "outer.inner"; null is absent.
  const std::vector<Entry> &entries() const { return values; }
  /// Null when there is none.
  const CheckpointValue *find(llvm::StringRef key) const;
  /// Whether config.json says null.
  bool isNull(llvm::StringRef key) const;
  /// "key llama.block_count", "config.json, hidden_size"
  std::string describeKey(llvm::StringRef key) const;
  const std::vector<CheckpointTensor> &tensors() const { return tensorInfos; }
  /// Null when there is none.
  const CheckpointTensor *findTensor(llvm::StringRef name) const;
  /// "Q4_K, Q5_K, ...": the types that can be read.
  std::string readableTypes() const;

  /// Of the contents of all files, for a manifest.
  uint64_t hash() const;

private:
  Checkpoint();
  static Checkpoint view(std::unique_ptr<HuggingFaceDirectory> directory);
  void readConfig();
  void index();

  Origin from = Origin::GGUF;
  std::string modelPath, modelDirectory;
  std::vector<std::string> weightFiles;
  std::vector<Entry> values;
  llvm::StringSet<> nullKeys;
  std::vector<CheckpointTensor> tensorInfos;
  std::deque<std::string> renamed; ///< Names that are in no file as they are.
  llvm::StringMap<size_t> valueIndices, tensorIndices;
  std::unique_ptr<GGUFFile> ownedFile;
  const GGUFFile *gguf = nullptr;
  std::unique_ptr<HuggingFaceDirectory> huggingFace;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_CHECKPOINT_H
