//===- BundleWriter.h - writes a bundle beside its place, then renames ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_BUNDLE_BUNDLEWRITER_H
#define FRIT_LIB_BUNDLE_BUNDLEWRITER_H

#include "frit/Support/Result.h"
#include "lib/Runtime/BundleFormat.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace frit {

/// Writes the sections of a bundle one after the other, in any amount of pieces:
///
///   Result<BundleWriter> writer = BundleWriter::create("model.frit");
///   writer->addSection(BundleSectionKind::Manifest, json);
///   writer->beginSection(BundleSectionKind::Packs);
///   writer->write(bytes, byteCount); ...
///   writer->commit();
///
/// Until commit() succeeds nothing at the final path changes: the file grows under a temporary name
/// in the same directory (`model.frit.tmp-<16 hex digits>`), is synced and then renamed, and the
/// directory is synced, too. A writer that is destroyed before removes its temporary; one that was
/// killed leaves it behind, locked by nobody, and the next writer of the same bundle removes it.
/// Any number of writers may write the same bundle at once: the last to commit wins.
///
/// Every failure names the path. After the first one all further calls return the same failure.
class BundleWriter {
public:
  /// Fails if `path` exists and is no regular file (a device is not replaced) or if its directory
  /// cannot be written to. A symbolic link is followed: what it points to is replaced.
  static Result<BundleWriter> create(const std::string &path);

  BundleWriter(BundleWriter &&) noexcept;
  BundleWriter &operator=(BundleWriter &&) noexcept;
  ~BundleWriter();

  /// Ends the section before, if any.
  Status beginSection(BundleSectionKind kind);
  Status write(const void *bytes, size_t byteCount);
  /// Appends zeros until sectionBytes() is a multiple of `alignment`, a power of two.
  Status padTo(uint64_t alignment);
  /// Bytes of the current section so far.
  uint64_t sectionBytes() const;

  Status addSection(BundleSectionKind kind, std::string_view bytes);

  /// Writes table and header, syncs and renames. Nothing can be written afterwards.
  Status commit();

private:
  struct Impl;
  explicit BundleWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace frit

#endif // FRIT_LIB_BUNDLE_BUNDLEWRITER_H
