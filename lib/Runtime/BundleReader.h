//===- BundleReader.h - a bundle file, mapped and checked -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_BUNDLEREADER_H
#define FRIT_LIB_RUNTIME_BUNDLEREADER_H

#include "lib/Runtime/BundleFormat.h"
#include "lib/Runtime/Memory.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace frit {

/// The sections of a bundle. Nothing in it is trusted before its hash was compared, so a bundle
/// that is cut off or has a flipped bit anywhere is refused; hashes protect against accidents, not
/// against somebody who wants a bundle to do harm.
class BundleReader {
public:
  /// Maps the file and checks all of it: magic, version, sizes, table and the hash of every section
  /// (packs too, which reads the whole file once). Messages name the file and the section.
  static Result<BundleReader> open(const std::string &path);

  /// Without a value if the bundle has no such section, which only happens to the tokenizer.
  std::optional<std::span<const uint8_t>> section(BundleSectionKind kind) const;
  uint64_t fileBytes() const { return file.size(); }
  const std::vector<BundleSection> &sections() const { return table; }

private:
  Status check();
  Status checkLayout(const BundleHeader &header);
  Status checkHashes();
  bool isZero(uint64_t begin, uint64_t end) const;

  Pages file;
  std::vector<BundleSection> table;
};

/// Whether a file begins as a bundle does; false if it cannot be read. Tells a bundle from a
/// checkpoint, nothing more.
bool looksLikeBundle(const std::string &path);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_BUNDLEREADER_H
