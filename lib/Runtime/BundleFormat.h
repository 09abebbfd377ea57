//===- BundleFormat.h - the bytes of a bundle file ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A bundle is
//
//   header | zeros | section 0 | zeros | section 1 | ... | zeros | section table
//
// with each section at the next multiple of 4096 and the table at the next multiple of 64 after the
// last section, where the file ends. There is exactly one way to lay out given sections, and the
// reader insists on it, so that every byte of the file is covered by a check. All numbers are
// little-endian. C++17: the writer (lib/Bundle) is part of the compiler, the reader (lib/Runtime)
// is not.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_BUNDLEFORMAT_H
#define FRIT_LIB_RUNTIME_BUNDLEFORMAT_H

#include <cstddef>
#include <cstdint>

namespace frit {

inline constexpr char bundleMagic[8] = {'F', 'R', 'I', 'T', 'B', 'N', 'D', 'L'};
inline constexpr uint32_t bundleVersion = 1;
inline constexpr uint64_t bundleSectionAlignment = 4096;
inline constexpr uint64_t bundleTableAlignment = 64;
/// More sections than any bundle has; bounds what a reader looks at.
inline constexpr uint32_t bundleMaxSections = 64;

struct BundleHeader {
  char magic[8];
  uint32_t version;
  uint32_t sectionCount;
  uint64_t tableOffset;
  uint64_t fileBytes;
  uint64_t tableHash;   ///< XXH3-64 of the section table
  uint8_t reserved[24]; ///< zero
};
static_assert(sizeof(BundleHeader) == 64 && offsetof(BundleHeader, tableOffset) == 16 &&
                  offsetof(BundleHeader, reserved) == 40,
              "the header is what is in the file");

/// What a section holds. A bundle has each kind at most once (index 0) in this version, and all but
/// the tokenizer always.
enum class BundleSectionKind : uint32_t {
  Manifest = 1,  ///< JSON text (Manifest.h)
  Code = 2,      ///< an ELF shared object with the phases
  Tokenizer = 3, ///< TokenizerData::serialize()
  Packs = 4,     ///< all packed weights
};

/// The name used in messages; null for a kind this version does not know.
constexpr const char *bundleSectionName(uint32_t kind) {
  switch (static_cast<BundleSectionKind>(kind)) {
  case BundleSectionKind::Manifest:
    return "manifest";
  case BundleSectionKind::Code:
    return "code";
  case BundleSectionKind::Tokenizer:
    return "tokenizer";
  case BundleSectionKind::Packs:
    return "packs";
  }
  return nullptr;
}

struct BundleSection {
  uint32_t kind; ///< a BundleSectionKind
  uint32_t index;
  uint64_t offset;
  uint64_t bytes;
  uint64_t hash; ///< XXH3-64 of the section
};
static_assert(sizeof(BundleSection) == 32 && offsetof(BundleSection, hash) == 24,
              "the entry is what is in the file");

/// The next multiple of a power of two; wraps around only within `alignment` of 2^64.
constexpr uint64_t bundleAlign(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) & ~(alignment - 1);
}

} // namespace frit

#endif // FRIT_LIB_RUNTIME_BUNDLEFORMAT_H
