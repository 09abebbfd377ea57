//===- ConfigFuzzer.cpp - libFuzzer target of config.json -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TinyDirectory.h"
#include "lib/Arch/Registry.h"

using namespace frit;

/// The record of the model, or llama's for models of which frit has none.
static const ArchRecord &recordOf(llvm::StringRef architecture) {
  static const std::vector<ArchRecord> records = *builtinRecords();
  const ArchRecord *result = nullptr;
  for (const ArchRecord &record : records)
    if (llvm::is_contained(record.architectures[Origin::HuggingFace], architecture) ||
        (!result && record.name == "llama"))
      result = &record;
  return *result;
}

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const test::TinyDirectory denseDirectory, expertsDirectory(/*experts=*/true);
  static Checkpoint dense = denseDirectory.open(), experts = expertsDirectory.open();
  llvm::StringRef text(reinterpret_cast<const char *>(bytes), size);
  Checkpoint &checkpoint = text.contains("experts") ? experts : dense;
  if (Status status = checkpoint.setConfig(text); !status) {
    test::requireLine(status.error());
    return 0;
  }
  Result<std::string_view> architecture = checkpoint.architecture();
  llvm::StringRef name = architecture ? llvm::StringRef(*architecture) : "llama";
  test::resolveAndBuild(checkpoint, recordOf(name), name);
  return 0;
}
