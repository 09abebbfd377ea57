//===- BundleReader.cpp - a bundle file, mapped and checked ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/BundleReader.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace frit;

static_assert(std::endian::native == std::endian::little, "a bundle is read as it is in the file");

Result<BundleReader> BundleReader::open(const std::string &path) {
  Result<Pages> file = Pages::mapFile(path);
  if (!file)
    return file.takeFailure();
  BundleReader reader;
  reader.file = *std::move(file);
  if (Status checked = reader.check(); !checked)
    return checked.takeFailure().in(path);
  return reader;
}

Status BundleReader::check() {
  if (file.size() < sizeof(bundleMagic) ||
      std::memcmp(file.data(), bundleMagic, sizeof(bundleMagic)) != 0)
    return Failure("not a frit bundle");
  if (file.size() < sizeof(BundleHeader))
    return Failure("damaged bundle: the file ends in its header, after ", file.size(), " bytes");
  BundleHeader header;
  std::memcpy(&header, file.data(), sizeof(header));
  if (header.version != bundleVersion)
    return Failure("bundle of version ", header.version, ", this program reads version ",
                   bundleVersion, ": compile the model again");
  if (header.fileBytes != file.size())
    return Failure("damaged bundle: the file has ", file.size(), " bytes, expected ",
                   header.fileBytes);
  if (Status layout = checkLayout(header); !layout)
    return layout;
  return checkHashes();
}

Status BundleReader::checkLayout(const BundleHeader &header) {
  if (std::any_of(std::begin(header.reserved), std::end(header.reserved),
                  [](uint8_t byte) { return byte != 0; }))
    return Failure("damaged bundle: header has bytes that should be zero");
  if (header.sectionCount == 0 || header.sectionCount > bundleMaxSections)
    return Failure("damaged bundle: header counts ", header.sectionCount, " sections");
  uint64_t tableBytes = header.sectionCount * sizeof(BundleSection);
  if (tableBytes > file.size() || header.tableOffset != file.size() - tableBytes)
    return Failure("damaged bundle: section table of ", tableBytes, " bytes at ",
                   header.tableOffset, " does not end where the file does");
  if (XXH3_64bits(file.data() + header.tableOffset, tableBytes) != header.tableHash)
    return Failure("damaged bundle: section table does not have the hash the header says");
  table.resize(header.sectionCount);
  std::memcpy(table.data(), file.data() + header.tableOffset, tableBytes);

  uint64_t end = sizeof(BundleHeader);
  uint64_t seen = 0;
  for (const BundleSection &section : table) {
    const char *name = bundleSectionName(section.kind);
    if (!name)
      return Failure("bundle has a section of kind ", section.kind,
                     ", which this version does not know");
    if (section.index != 0 || (seen >> section.kind & 1))
      return Failure("bundle has more than one section ", name,
                     ", which this version does not know");
    seen |= uint64_t{1} << section.kind;
    uint64_t begin = bundleAlign(end, bundleSectionAlignment);
    if (section.offset != begin || begin > header.tableOffset ||
        section.bytes > header.tableOffset - begin)
      return Failure("damaged bundle: section ", name, " of ", section.bytes, " bytes at ",
                     section.offset, " is not where it should be");
    if (!isZero(end, begin))
      return Failure("damaged bundle: bytes before section ", name, " should be zero");
    end = begin + section.bytes;
  }
  if (header.tableOffset != bundleAlign(end, bundleTableAlignment))
    return Failure("damaged bundle: section table is at ", header.tableOffset, ", expected at ",
                   bundleAlign(end, bundleTableAlignment));
  if (!isZero(end, header.tableOffset))
    return Failure("damaged bundle: bytes before the section table should be zero");
  for (auto kind : {BundleSectionKind::Manifest, BundleSectionKind::Code, BundleSectionKind::Packs})
    if (!section(kind))
      return Failure("bundle has no section ", bundleSectionName(static_cast<uint32_t>(kind)));
  return {};
}

Status BundleReader::checkHashes() {
  // One pass from front to back; without the hint a cold file is read in small pieces.
  madvise(file.data(), file.size(), MADV_WILLNEED);
  for (const BundleSection &section : table)
    if (XXH3_64bits(file.data() + section.offset, section.bytes) != section.hash)
      return Failure("damaged bundle: section ", bundleSectionName(section.kind),
                     " does not have the hash the table says");
  return {};
}

/// Only for the gaps between sections, which are shorter than their alignment.
bool BundleReader::isZero(uint64_t begin, uint64_t end) const {
  return std::all_of(file.data() + begin, file.data() + end,
                     [](uint8_t byte) { return byte == 0; });
}

std::optional<std::span<const uint8_t>> BundleReader::section(BundleSectionKind kind) const {
  for (const BundleSection &section : table)
    if (section.kind == static_cast<uint32_t>(kind))
      return file.span().subspan(section.offset, section.bytes);
  return std::nullopt;
}

bool frit::looksLikeBundle(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0)
    return false;
  char magic[sizeof(bundleMagic)] = {};
  struct stat info;
  bool matches = fstat(file, &info) == 0 && S_ISREG(info.st_mode) &&
                 read(file, magic, sizeof(magic)) == static_cast<ssize_t>(sizeof(magic)) &&
                 std::memcmp(magic, bundleMagic, sizeof(magic)) == 0;
  close(file);
  return matches;
}
