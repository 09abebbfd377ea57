//===- Registry.cpp - the architectures frit knows ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/Registry.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace frit;

// The file of a built-in record is called after it.
std::optional<llvm::StringRef> frit::findBuiltinRecord(llvm::StringRef name) {
  for (const EmbeddedRecord &embedded : embeddedRecords())
    if (llvm::StringRef(embedded.file) == (name + ".json").str())
      return llvm::StringRef(embedded.text, embedded.bytes);
  return std::nullopt;
}

Result<std::vector<ArchRecord>> frit::builtinRecords() {
  std::vector<ArchRecord> records;
  for (const EmbeddedRecord &embedded : embeddedRecords()) {
    Result<ArchRecord> record =
        ArchRecord::parse(embedded.file, {embedded.text, embedded.bytes}, findBuiltinRecord);
    if (!record)
      return record.takeFailure();
    records.push_back(*std::move(record));
  }
  llvm::sort(records, [](const ArchRecord &a, const ArchRecord &b) { return a.name < b.name; });
  return records;
}

std::optional<Result<std::string>> frit::builtinRecordText(llvm::StringRef name) {
  std::optional<llvm::StringRef> text = findBuiltinRecord(name);
  if (!text)
    return std::nullopt;
  return ArchRecord::resolve((name + ".json").str(), *text, findBuiltinRecord);
}

Result<ArchRecord> frit::loadRecord(llvm::StringRef path, llvm::StringRef like) {
  constexpr uint64_t maxBytes = 1 << 20;
  std::string_view place = path;
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return Failure(error.message()).in(place);
  // A pipe or a device could deliver without end.
  if (status.type() != llvm::sys::fs::file_type::regular_file)
    return Failure("expected a regular file").in(place);
  if (status.getSize() > maxBytes)
    return Failure("expected a record of at most ", maxBytes, " bytes, found ", status.getSize())
        .in(place);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return Failure(buffer.getError().message()).in(place);
  return ArchRecord::parse(path, (*buffer)->getBuffer(), findBuiltinRecord, like);
}
