//===- TestModels.h - models that tests make and import -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_IMPORT_TESTMODELS_H
#define FRIT_TEST_UNIT_IMPORT_TESTMODELS_H

#include "lib/Import/Import.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

namespace frit::test {

/// A folder of the test's own that goes away with it.
class TestDirectory {
public:
  TestDirectory() { EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("frit-import", path)); }
  ~TestDirectory() { (void)llvm::sys::fs::remove_directories(path); }
  TestDirectory(const TestDirectory &) = delete;

  std::string file(llvm::StringRef name) const {
    llvm::SmallString<128> result = path;
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  std::string write(llvm::StringRef name, llvm::StringRef text) const {
    std::error_code error;
    llvm::raw_fd_ostream(file(name), error) << text;
    EXPECT_FALSE(error) << error.message();
    return file(name);
  }

private:
  llvm::SmallString<128> path;
};

class ImportTest : public testing::Test {
protected:
  ImportTest()
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          ++diagnosticCount;
          diagnosticText += diagnostic.str() + "\n";
          for (mlir::Diagnostic &note : diagnostic.getNotes())
            diagnosticText += "- " + note.str() + "\n";
          return mlir::success();
        }) {}

  /// Runs test/import/make_tiny_gguf.py; gives the path of the model. The values of the weights do
  /// not matter here, and leaving them out is faster.
  std::string makeModel(std::vector<std::string> arguments, llvm::StringRef name = "model.gguf") {
    std::string path = directory.file(name);
    std::vector<std::string> command = {FRIT_TEST_PYTHON,    "-I", "-S",
                                        FRIT_TEST_GENERATOR, path, "--sparse"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::vector<llvm::StringRef> words(command.begin(), command.end());
    std::string error;
    EXPECT_EQ(llvm::sys::ExecuteAndWait(FRIT_TEST_PYTHON, words, std::nullopt, {}, 60, 0, &error),
              0)
        << error;
    return path;
  }

  mlir::OwningOpRef<mlir::ModuleOp> import(llvm::StringRef path,
                                           const ImportOptions &options = {}) {
    diagnosticText.clear();
    diagnosticCount = 0;
    return importModel(path, context, options);
  }
  mlir::OwningOpRef<mlir::ModuleOp> importMade(std::vector<std::string> arguments,
                                               const ImportOptions &options = {}) {
    return import(makeModel(std::move(arguments)), options);
  }

  /// What the import of a model that cannot be imported says, with $MODEL for its path.
  std::string refusal(llvm::StringRef path, const ImportOptions &options = {}) {
    EXPECT_FALSE(import(path, options));
    EXPECT_EQ(diagnosticCount, 1u);
    std::string text = diagnosticText;
    for (size_t at; (at = text.find(path)) != std::string::npos;)
      text.replace(at, path.size(), "$MODEL");
    return text;
  }
  std::string refusalOfMade(std::vector<std::string> arguments, const ImportOptions &options = {}) {
    return refusal(makeModel(std::move(arguments)), options);
  }

  static std::string print(mlir::ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream);
    return text;
  }

  TestDirectory directory;
  mlir::MLIRContext context;
  std::string diagnosticText;
  unsigned diagnosticCount = 0;
  mlir::ScopedDiagnosticHandler handler;
};

/// That `text` has `lines` one after the other, perhaps with others between them. As in FileCheck,
/// several spaces are one.
inline testing::AssertionResult hasLines(llvm::StringRef text,
                                         std::initializer_list<llvm::StringRef> lines) {
  std::string canonical = text.str();
  auto twoSpaces = [](char a, char b) { return a == ' ' && b == ' '; };
  canonical.erase(std::unique(canonical.begin(), canonical.end(), twoSpaces), canonical.end());
  llvm::StringRef rest = canonical;
  for (llvm::StringRef line : lines) {
    size_t at = rest.find(line);
    if (at == llvm::StringRef::npos)
      return testing::AssertionFailure()
             << "expected, in this order:\n  " << line.str() << "\nin:\n"
             << canonical;
    rest = rest.drop_front(at + line.size());
  }
  return testing::AssertionSuccess();
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_IMPORT_TESTMODELS_H
