//===- ArchRecordFuzzer.cpp - libFuzzer target of architecture records ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JSONMutator.h"
#include "TinyDirectory.h"
#include "lib/Arch/Registry.h"

using namespace frit;

static constexpr llvm::StringRef config = R"({"model_type": "llama", "hidden_size": 8,
  "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4,
  "intermediate_size": 6, "vocab_size": 16, "max_position_embeddings": 32, "rms_norm_eps": 1e-5,
  "hidden_act": "silu", "tie_word_embeddings": false, "layer_types": ["full_attention",
  "sliding_attention"], "sliding_window": 16, "rope_parameters": {"rope_theta": 10000.0,
  "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
  "original_max_position_embeddings": 16}})";

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static test::TinyDirectory directory;
  static const Checkpoint checkpoint = *directory.open(config);
  static mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  llvm::StringRef text(reinterpret_cast<const char *>(bytes), size);
  for (llvm::StringRef like : {"", "llama"}) {
    auto record = ArchRecord::parse("fuzz", text, findBuiltinRecord, like);
    if (record)
      test::resolveAndBuild(checkpoint, *record, "llama", context);
    else
      test::requireLine(record.error());
  }
  return 0;
}
