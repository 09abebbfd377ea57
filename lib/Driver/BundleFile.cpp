//===- BundleFile.cpp - what a bundle says about itself -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/BundleFile.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"

#include <cstring>

using namespace frit;
using namespace frit::driver;

Result<BundleFile> BundleFile::read(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return Failure("cannot read '", path, "': ", buffer.getError().message());
  llvm::StringRef bytes = (*buffer)->getBuffer();
  auto failure = [&](const auto &...what) { return Failure("'", path, "': ", what...); };
  BundleHeader header;
  if (bytes.size() < sizeof(header))
    return failure("expected a bundle, found ", bytes.size(), " bytes");
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, bundleMagic, sizeof(bundleMagic)) != 0)
    return failure("expected a bundle, found another file");
  if (header.version != bundleVersion)
    return failure("expected a bundle of version ", bundleVersion, ", found ", header.version);
  uint64_t tableBytes = uint64_t{header.sectionCount} * sizeof(BundleSection);
  if (header.sectionCount > bundleMaxSections || header.fileBytes != bytes.size() ||
      header.tableOffset > bytes.size() || tableBytes > bytes.size() - header.tableOffset)
    return failure("damaged or cut off");
  auto hash = [&](uint64_t offset, uint64_t count) {
    return llvm::xxh3_64bits(llvm::ArrayRef(bytes.bytes_begin() + offset, count));
  };
  if (hash(header.tableOffset, tableBytes) != header.tableHash)
    return failure("damaged: the hash of the section table differs");

  BundleFile file;
  file.fileBytes = bytes.size();
  file.sections.resize(header.sectionCount);
  if (tableBytes > 0)
    std::memcpy(file.sections.data(), bytes.data() + header.tableOffset, tableBytes);
  for (const BundleSection &section : file.sections) {
    if (section.offset > bytes.size() || section.bytes > bytes.size() - section.offset)
      return failure("damaged: a section lies outside of the file");
    if (section.kind != static_cast<uint32_t>(BundleSectionKind::Manifest))
      continue;
    if (hash(section.offset, section.bytes) != section.hash)
      return failure("damaged: the hash of the manifest differs");
    auto value = llvm::json::parse(bytes.substr(section.offset, section.bytes));
    if (!value)
      return failure("manifest: ", llvm::toString(value.takeError()));
    file.manifest = *std::move(value);
  }
  if (!file.manifest.getAsObject())
    return failure("expected a manifest");
  return file;
}
