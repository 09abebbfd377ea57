//===- SentencePieceBytes.h - builds a tokenizer.model ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_TOKENIZER_SENTENCEPIECEBYTES_H
#define FRIT_TEST_UNIT_TOKENIZER_SENTENCEPIECEBYTES_H

#include <cstdint>
#include <cstring>
#include <string>

namespace frit::test {

// Fields in the wire format of Protocol Buffers.
inline std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7)
    bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
inline std::string number(unsigned field, uint64_t value) {
  return varint(uint64_t(field) << 3) + varint(value);
}
inline std::string text(unsigned field, const std::string &value) {
  return varint(uint64_t(field) << 3 | 2) + varint(value.size()) + value;
}
inline std::string real(unsigned field, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  std::string bytes = varint(uint64_t(field) << 3 | 5);
  for (int shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(bits >> shift);
  return bytes;
}
inline std::string piece(const std::string &spelling, float score, unsigned type) {
  return text(1, text(1, spelling) + real(2, score) + number(3, type));
}

/// A BPE vocabulary of 6 tokens, one of which is unused.
inline const std::string &someFile() {
  static const std::string file = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) +
                                  piece("a", -1, 1) + piece("ab", -2, 5) + piece("b", -3, 1) +
                                  text(2, number(3, 2) + number(35, 0)) + text(3, "");
  return file;
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_TOKENIZER_SENTENCEPIECEBYTES_H
