//===- HuggingFace.h - a model as transformers saves it --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A directory with config.json, weights in model.safetensors or in shards that
// model.safetensors.index.json lists, and tokenizer.json or tokenizer.model. Nothing in it is
// executed: weights in pickles (pytorch_model.bin) and architectures in Python files are refused or
// ignored.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_HUGGINGFACE_HUGGINGFACE_H
#define FRIT_LIB_IMPORT_HUGGINGFACE_HUGGINGFACE_H

#include "lib/Import/GGUF/MappedFile.h"
#include "lib/Import/HuggingFace/Safetensors.h"
#include "llvm/Support/JSON.h"

#include <memory>

namespace frit {

/// A file of weights.
struct SafetensorsFile {
  std::string name; ///< In the directory.
  MappedFile mapping;
  std::vector<SafetensorsTensor> tensors;
};

class HuggingFaceDirectory {
public:
  /// `path` is the directory or a .safetensors file in it. Only headers of weights are read. Files
  /// outside the directory are never opened, whatever names and links in it say; but in a cache of
  /// Hugging Face's hub, whose snapshots are links, the model's own blobs are inside.
  static Result<std::unique_ptr<HuggingFaceDirectory>> open(llvm::StringRef path);

  /// The files of a directory that decide what the model computes or how it is used, besides its
  /// weights; those that exist, with the directory in front.
  static std::vector<std::string> metadataFiles(llvm::StringRef directory);

  const std::string &path() const { return directory; }
  /// An object.
  const llvm::json::Object &config() const { return *configuration.getAsObject(); }
  /// Takes `text` for what config.json says; if there is anything wrong with it, nothing changes.
  Status setConfig(llvm::StringRef text);
  const std::vector<SafetensorsFile> &files() const { return weightFiles; }
  /// Whether there is a file of this name, which may be opened.
  bool has(llvm::StringRef name) const;
  Result<MappedFile> map(llvm::StringRef name) const;
  /// A JSON file of at most `maxBytes` bytes.
  Result<llvm::json::Value> readJSON(llvm::StringRef name, uint64_t maxBytes) const;

private:
  explicit HuggingFaceDirectory(std::string directory)
      : directory(std::move(directory)), configuration(nullptr) {}
  Status findRoot();
  Result<MappedFile> mapAtMost(llvm::StringRef name, uint64_t maxBytes) const;
  Status readConfig();
  Status openWeights();
  Status openShards();
  Status openWeightFile(llvm::StringRef name);

  std::string directory;
  std::string root; ///< What links must not lead out of.
  llvm::json::Value configuration;
  std::vector<SafetensorsFile> weightFiles;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_HUGGINGFACE_HUGGINGFACE_H
