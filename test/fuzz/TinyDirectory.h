//===- TinyDirectory.h - a Hugging Face directory for fuzzers -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A llama of 2 layers, hidden 8, 2 heads and 1 of keys of 4, ffn 6, vocabulary 16:
// the numbers that write_seeds.py writes into each config.json.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_FUZZ_TINYDIRECTORY_H
#define FRIT_TEST_FUZZ_TINYDIRECTORY_H

#include "Require.h"
#include "lib/Import/GraphBuilder.h"
#include "lib/Import/Resolve.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "test/unit/HuggingFace/TestFiles.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

namespace frit::test {

class TinyDirectory {
public:
  /// `experts`: the last layer has three of them.
  explicit TinyDirectory(bool experts = false) {
    require(!llvm::sys::fs::createUniqueDirectory("frit-fuzz", path));
    addTensor("model.embed_tokens.weight", "[16, 8]", 128);
    for (int layer : {0, 1}) {
      std::string prefix = "model.layers." + std::to_string(layer) + ".";
      addMatrix(prefix + "self_attn.q_proj", 8, 8);
      addMatrix(prefix + "self_attn.k_proj", 4, 8);
      addMatrix(prefix + "self_attn.v_proj", 4, 8);
      addMatrix(prefix + "self_attn.o_proj", 8, 8);
      if (experts && layer == 1) {
        addMatrix(prefix + "mlp.gate", 3, 8);
        for (int expert : {0, 1, 2})
          addFfn(prefix + "mlp.experts." + std::to_string(expert));
      } else {
        addFfn(prefix + "mlp");
      }
      for (const char *norm : {"input_layernorm", "post_attention_layernorm"})
        addTensor(prefix + norm + ".weight", "[8]", 8);
    }
    addTensor("model.norm.weight", "[8]", 8);
    addTensor("lm_head.weight", "[16, 8]", 128);
    write("model.safetensors", safetensors("{" + header + "}", std::string(dataBytes, '\0')));
    write("config.json", R"({"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 2,
      "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "intermediate_size": 6,
      "vocab_size": 16, "max_position_embeddings": 32, "rms_norm_eps": 1e-5, "hidden_act": "silu",
      "tie_word_embeddings": false, "layer_types": ["full_attention", "sliding_attention"],
      "sliding_window": 16, "rope_parameters": {"rope_theta": 10000.0, "rope_type": "llama3",
      "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 16}})");
  }
  ~TinyDirectory() { (void)llvm::sys::fs::remove_directories(path); }
  TinyDirectory(const TinyDirectory &) = delete;

  Checkpoint open() const {
    Result<Checkpoint> checkpoint = Checkpoint::open(path);
    require(static_cast<bool>(checkpoint));
    return *std::move(checkpoint);
  }

private:
  void addFfn(const std::string &prefix) {
    addMatrix(prefix + ".gate_proj", 6, 8);
    addMatrix(prefix + ".up_proj", 6, 8);
    addMatrix(prefix + ".down_proj", 8, 6);
  }
  void addMatrix(const std::string &name, int rows, int columns) {
    addTensor(name + ".weight", llvm::formatv("[{0}, {1}]", rows, columns).str(), rows * columns);
  }
  void addTensor(const std::string &name, const std::string &shape, int elements) {
    header +=
        llvm::formatv(R"({0}"{1}": {{"dtype": "F32", "shape": {2}, "data_offsets": [{3}, {4}]})",
                      header.empty() ? "" : ", ", name, shape, dataBytes, dataBytes + 4 * elements)
            .str();
    dataBytes += 4 * elements;
  }
  void write(llvm::StringRef name, llvm::StringRef text) {
    std::error_code error;
    llvm::raw_fd_ostream((path + "/" + name).str(), error) << text;
    require(!error);
  }

  llvm::SmallString<128> path;
  std::string header;
  int dataBytes = 0;
};

/// Everything that is wrong is said; a model with which nothing is wrong becomes a graph.
inline void resolveAndBuild(const Checkpoint &checkpoint, const ArchRecord &record,
                            llvm::StringRef architecture) {
  Problems problems;
  ModelSpec model = resolveModel(checkpoint, record, architecture, problems);
  for (const std::string &line : problems.lines())
    requireLine(line);
  if (!problems.empty())
    return;
  // A context keeps every attribute that there ever was, and takes a millisecond to make.
  static std::unique_ptr<mlir::MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 1000 == 0)
    context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  require(mlir::succeeded(mlir::verify(*buildGraph(model, *context))));
}

} // namespace frit::test

#endif // FRIT_TEST_FUZZ_TINYDIRECTORY_H
