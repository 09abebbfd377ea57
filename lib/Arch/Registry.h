//===- Registry.h - the architectures frit knows --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_ARCH_REGISTRY_H
#define FRIT_LIB_ARCH_REGISTRY_H

#include "lib/Arch/ArchRecord.h"
#include "llvm/ADT/ArrayRef.h"

namespace frit {

/// A .json file of this directory as the build found it.
struct EmbeddedRecord {
  const char *file;
  const char *text;
  size_t bytes;
};
llvm::ArrayRef<EmbeddedRecord> embeddedRecords();

/// The text of a built-in record as its file has it, for ArchRecord; nothing when there is none of
/// that name.
std::optional<llvm::StringRef> findBuiltinRecord(llvm::StringRef name);

/// All built-in records, sorted by name.
Result<std::vector<ArchRecord>> builtinRecords();

/// All that a built-in record says, also by what it is like, as JSON; nothing when there is none of
/// that name.
std::optional<Result<std::string>> builtinRecordText(llvm::StringRef name);

/// A record of the user's (`--arch-spec`), at most 1 MiB long. Unless empty, `like` names the
/// built-in record that serves where it says nothing (`--like`).
Result<ArchRecord> loadRecord(llvm::StringRef path, llvm::StringRef like = "");

} // namespace frit

#endif // FRIT_LIB_ARCH_REGISTRY_H
