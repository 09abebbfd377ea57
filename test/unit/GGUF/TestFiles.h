//===- TestFiles.h - a directory of files for one test --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_GGUF_TESTFILES_H
#define FRIT_TEST_UNIT_GGUF_TESTFILES_H

#include "lib/Import/GGUF/GGUF.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace frit::test {

/// A directory that is removed with the object.
class TestFiles {
public:
  TestFiles() {
    std::string pattern = testing::TempDir() + "frit-gguf-XXXXXX";
    directory = mkdtemp(pattern.data()) ? pattern : "";
    EXPECT_FALSE(directory.empty()) << "cannot make a temporary directory";
  }
  TestFiles(const TestFiles &) = delete;
  TestFiles &operator=(const TestFiles &) = delete;
  ~TestFiles() { std::filesystem::remove_all(directory); }

  std::string path(const std::string &name) const { return directory + "/" + name; }
  std::string write(const std::string &name, const std::string &bytes) const {
    std::ofstream file(path(name), std::ios::binary);
    EXPECT_TRUE(file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())));
    return path(name);
  }

private:
  std::string directory;
};

inline Result<GGUFFile> readBytes(const std::string &bytes) {
  return GGUFFile::fromMemory("test.gguf", reinterpret_cast<const uint8_t *>(bytes.data()),
                              bytes.size());
}

/// The message of a failed result, "success" otherwise.
template <typename T>
std::string messageOf(const Result<T> &result) {
  return result ? "success" : result.error();
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_GGUF_TESTFILES_H
