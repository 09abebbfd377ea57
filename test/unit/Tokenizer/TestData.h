//===- TestData.h - reads what make_tokenizer_data.py wrote --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_TOKENIZER_TESTDATA_H
#define FRIT_TEST_UNIT_TOKENIZER_TESTDATA_H

#include "frit/Runtime/Tokenizer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace frit::test {

inline std::string readFile(const std::string &name) {
  std::ifstream file(std::string(FRIT_TEST_DIR "/data/") + name, std::ios::binary);
  EXPECT_TRUE(file) << "cannot open " << FRIT_TEST_DIR << "/data/" << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Of a test for a vocabulary, in names of which only letters and digits may be.
inline std::string nameOfVocabulary(const testing::TestParamInfo<const char *> &info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
}

inline std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  for (size_t end; (end = text.find(separator, start)) != std::string::npos; start = end + 1)
    parts.push_back(text.substr(start, end - start));
  parts.push_back(text.substr(start));
  return parts;
}

inline std::vector<std::string> readLines(const std::string &name) {
  std::vector<std::string> lines = split(readFile(name), '\n');
  EXPECT_EQ(lines.back(), "") << name << " does not end with a line end";
  lines.pop_back();
  return lines;
}

/// Undoes escape() of the script: \xNN is a byte.
inline std::string unescape(const std::string &text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x') {
      out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

inline std::vector<int32_t> parseIds(const std::string &text) {
  std::istringstream stream(text);
  return {std::istream_iterator<int32_t>(stream), {}};
}

/// The small vocabulary of data/tiny.bin.
inline TokenizerData tinyData() {
  std::string blob = readFile("tiny.bin");
  auto data = TokenizerData::parse(reinterpret_cast<const uint8_t *>(blob.data()), blob.size());
  EXPECT_TRUE(data) << data.error();
  return std::move(*data);
}

/// A text of a million bytes as long_text() of the script makes it.
std::string longText(const std::string &kind, uint64_t state);

/// Compares with <name>.expected, <name>.decode and, if there is one, <name>.long, failing the
/// current test.
void compareWithReference(const Tokenizer &tokenizer, const std::string &name,
                          const std::string &strings = "strings.txt");

} // namespace frit::test

#endif // FRIT_TEST_UNIT_TOKENIZER_TESTDATA_H
