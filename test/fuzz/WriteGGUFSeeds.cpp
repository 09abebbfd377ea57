//===- WriteGGUFSeeds.cpp - the first inputs of the GGUF fuzzer -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/GGUF/GGUFWriter.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace frit::test;

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  std::filesystem::path directory = argv[1];
  std::filesystem::create_directories(directory);
  std::ofstream list(directory.string() + ".list");
  auto write = [&](const char *name, const GGUFWriter &writer) {
    std::string bytes = writer.build();
    std::ofstream file(directory / name, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    list << (list.tellp() == 0 ? "" : ",") << (directory / name).string();
    return file.flush() && list.flush();
  };

  GGUFWriter nested, aligned, quantized, vocabulary, unigram, empty;
  ByteWriter rows;
  rows.put(typeArray).put<uint64_t>(2);
  rows.put(typeString).put<uint64_t>(2).string("a").string("bc");
  rows.put(typeU16).put<uint64_t>(1).put<uint16_t>(7);
  nested.key("n", typeArray, rows.bytes);
  aligned.alignment = 64;
  aligned.u32("general.alignment", 64)
      .f32Tensor("a", {1}, {1})
      .f32Tensor("b", {2, 1, 1, 2}, {1, 2, 3, 4});
  quantized.tensor("q", {256}, ggmlQ6K, std::string(210, '\1')).tensor("z", {0}, ggmlF16, "");
  vocabulary.string("tokenizer.ggml.model", "gpt2")
      .array<std::string>("tokenizer.ggml.tokens", typeString, {"a", "b", "ab"})
      .array<int32_t>("tokenizer.ggml.token_type", typeI32, {1, 1, 1})
      .array<std::string>("tokenizer.ggml.merges", typeString, {"a b"})
      .u32("tokenizer.ggml.eos_token_id", 2);
  unigram.string("tokenizer.ggml.model", "t5")
      .array<std::string>("tokenizer.ggml.tokens", typeString, {"<unk>", "a"})
      .array<int32_t>("tokenizer.ggml.token_type", typeI32, {2, 1})
      .array<uint8_t>("tokenizer.ggml.precompiled_charsmap", typeU8, {4, 0})
      .array<std::string>("frit.tokenizer.options", typeString, {"metaspace"})
      .array<int32_t>("frit.tokenizer.added_token_rules", typeI32, {1, 15});
  bool good = write("small", smallModel()) && write("nested", nested) &&
              write("aligned", aligned) && write("quantized", quantized) && write("empty", empty) &&
              write("vocabulary", vocabulary) && write("unigram", unigram);
  if (!good)
    std::fprintf(stderr, "%s: cannot write to %s\n", argv[0], argv[1]);
  return good ? 0 : 1;
}
