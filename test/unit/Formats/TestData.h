//===- TestData.h - reads the data files beside the tests -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_FORMATS_TESTDATA_H
#define FRIT_TEST_UNIT_FORMATS_TESTDATA_H

#include "gtest/gtest.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace frit::test {

/// One data file, read front to back; the end of the file fails the test.
class TestData {
public:
  explicit TestData(const std::string &name) {
    std::ifstream file(std::string(FRIT_TEST_DIR "/") + name, std::ios::binary);
    EXPECT_TRUE(file) << "cannot open " << name;
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }

  template <typename T>
  std::vector<T> read(size_t count) {
    std::vector<T> values(count);
    if (count > (bytes.size() - at) / sizeof(T)) {
      ADD_FAILURE() << "the data file is too short";
      return values;
    }
    std::memcpy(values.data(), bytes.data() + at, count * sizeof(T));
    at += count * sizeof(T);
    return values;
  }

  bool atEnd() const { return at == bytes.size(); }

private:
  std::vector<uint8_t> bytes;
  size_t at = 0;
};

} // namespace frit::test

#endif // FRIT_TEST_UNIT_FORMATS_TESTDATA_H
