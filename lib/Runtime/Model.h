//===- Model.h - an opened bundle -----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_MODEL_H
#define FRIT_LIB_RUNTIME_MODEL_H

#include "frit/Runtime/Tokenizer.h"
#include "lib/Runtime/BundleReader.h"
#include "lib/Runtime/CodeLoader.h"
#include "lib/Runtime/Manifest.h"

#include <memory>
#include <optional>

namespace frit {

struct ModelOptions {
  /// Copy the packs into huge pages instead of streaming them from the file's own. Streams faster
  /// (fewer misses of the translation cache), but the memory is no longer shared between processes
  /// or given back under pressure.
  bool hugePages = false;
};

/// Everything sessions share: immutable, so any number of threads may use one object.
class Model {
public:
  /// Checks the bundle, its version and that this machine can run it, before its code is loaded.
  static Result<std::shared_ptr<const Model>> open(const std::string &path,
                                                   ModelOptions options = {});

  const Manifest &manifest() const { return contents; }
  /// The JSON text as it is in the bundle; zero-terminated.
  const std::string &manifestText() const { return text; }
  frit_phase_fn phase(uint32_t index) const { return phases[index]; }
  const uint8_t *packs() const { return packsBegin; }
  uint64_t packsBytes() const { return packsByteCount; }
  uint64_t fileBytes() const { return reader.fileBytes(); }
  /// Null if the bundle has none.
  const Tokenizer *tokenizer() const { return vocabulary ? &*vocabulary : nullptr; }
  /// Why there is none; empty if the bundle has none.
  const std::string &whyNoTokenizer() const { return noTokenizer; }

private:
  Status load(ModelOptions options);
  Status loadTokenizer();

  BundleReader reader;
  std::string text;
  Manifest contents;
  LoadedCode code;
  std::vector<frit_phase_fn> phases;
  Pages packsCopy;
  const uint8_t *packsBegin = nullptr;
  uint64_t packsByteCount = 0;
  std::optional<Tokenizer> vocabulary;
  std::string noTokenizer;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_MODEL_H
