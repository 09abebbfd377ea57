//===- GGMLTypes.cpp - block sizes of every tensor type in GGUF files -----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGMLTypes.h"

using namespace frit;

std::optional<GGMLBlock> frit::ggmlBlock(uint32_t type) {
  // enum ggml_type in ggml.h, block sizes in ggml-common.h. Numbers 4, 5, 31-33 and 36-38 were
  // removed from the format.
  switch (type) {
  case 0: // F32
    return GGMLBlock{1, 4};
  case 1: // F16
    return GGMLBlock{1, 2};
  case 2: // Q4_0
    return GGMLBlock{32, 18};
  case 3: // Q4_1
    return GGMLBlock{32, 20};
  case 6: // Q5_0
    return GGMLBlock{32, 22};
  case 7: // Q5_1
    return GGMLBlock{32, 24};
  case 8: // Q8_0
    return GGMLBlock{32, 34};
  case 9: // Q8_1
    return GGMLBlock{32, 36};
  case 10: // Q2_K
    return GGMLBlock{256, 84};
  case 11: // Q3_K
    return GGMLBlock{256, 110};
  case 12: // Q4_K
    return GGMLBlock{256, 144};
  case 13: // Q5_K
    return GGMLBlock{256, 176};
  case 14: // Q6_K
    return GGMLBlock{256, 210};
  case 15: // Q8_K
    return GGMLBlock{256, 292};
  case 16: // IQ2_XXS
    return GGMLBlock{256, 66};
  case 17: // IQ2_XS
    return GGMLBlock{256, 74};
  case 18: // IQ3_XXS
    return GGMLBlock{256, 98};
  case 19: // IQ1_S
    return GGMLBlock{256, 50};
  case 20: // IQ4_NL
    return GGMLBlock{32, 18};
  case 21: // IQ3_S
    return GGMLBlock{256, 110};
  case 22: // IQ2_S
    return GGMLBlock{256, 82};
  case 23: // IQ4_XS
    return GGMLBlock{256, 136};
  case 24: // I8
    return GGMLBlock{1, 1};
  case 25: // I16
    return GGMLBlock{1, 2};
  case 26: // I32
    return GGMLBlock{1, 4};
  case 27: // I64
    return GGMLBlock{1, 8};
  case 28: // F64
    return GGMLBlock{1, 8};
  case 29: // IQ1_M
    return GGMLBlock{256, 56};
  case 30: // BF16
    return GGMLBlock{1, 2};
  case 34: // TQ1_0
    return GGMLBlock{256, 54};
  case 35: // TQ2_0
    return GGMLBlock{256, 66};
  case 39: // MXFP4
    return GGMLBlock{32, 17};
  case 40: // NVFP4
    return GGMLBlock{64, 36};
  case 41: // Q1_0
    return GGMLBlock{128, 18};
  case 42: // Q2_0
    return GGMLBlock{64, 18};
  default:
    return std::nullopt;
  }
}
