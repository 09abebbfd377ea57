//===- frit-translate.cpp - mlir-translate, and runnable tests -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/InitAll.h"
#include "lib/Import/Translate.h"
#include "lib/Reference/Interpreter.h"
#include "mlir/InitAllTranslations.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace frit::reference;

enum class Precision { F32, F64 };

static llvm::cl::opt<Precision>
    precision("precision", llvm::cl::desc("Precision --frit-interpret computes in"),
              llvm::cl::values(clEnumValN(Precision::F32, "f32", "float"),
                               clEnumValN(Precision::F64, "f64", "double")),
              llvm::cl::init(Precision::F32));

static llvm::cl::opt<std::string> directory(
    "weights-dir",
    llvm::cl::desc("Where --frit-interpret looks for the files of graph.file; the default is "
                   "the directory of the input"),
    llvm::cl::value_desc("path"));

/// The directory of the file the module was read from; empty for the standard input.
static std::string directoryOf(ModuleOp module) {
  auto location = dyn_cast<FileLineColLoc>(module.getLoc());
  return location ? llvm::sys::path::parent_path(location.getFilename()).str() : std::string();
}

template <typename T>
static LogicalResult runTests(ModuleOp module) {
  WeightReader weights(directory.empty() ? directoryOf(module) : directory);
  return Interpreter<T>(module, weights).runTests();
}

static LogicalResult interpret(Operation *op, llvm::raw_ostream &) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    return op->emitError("expected a module");
  return precision == Precision::F64 ? runTests<double>(module) : runTests<float>(module);
}

int main(int argc, char **argv) {
  registerAllTranslations();
  frit::registerImportTranslation();
  TranslateFromMLIRRegistration registration("frit-interpret",
                                             "Run each graph.func without arguments in the "
                                             "reference interpreter; fails when an expectation "
                                             "(check dialect) does not hold",
                                             interpret, frit::registerAllDialects);
  return failed(mlirTranslateMain(argc, argv, "frit's translations and interpreter\n"));
}
