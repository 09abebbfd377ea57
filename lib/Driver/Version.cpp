//===- Version.cpp - which compiler this is, and on what it runs ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Version.h"

#include "dialects/Machine/Machine.h"
#include "frit/Machine/MachineModel.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

using namespace frit;
using namespace frit::driver;

std::vector<std::string> frit::driver::hostFeatures() {
  std::vector<std::string> features;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    if (feature.getValue())
      features.push_back(feature.getKey().str());
  llvm::sort(features);
  return features;
}

std::string frit::driver::hostName() {
  if (auto info = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo")) {
    llvm::SmallVector<llvm::StringRef> lines;
    (*info)->getBuffer().split(lines, '\n');
    for (llvm::StringRef line : lines) {
      auto [key, value] = line.split(':');
      if (key.trim() == "model name")
        return value.trim().str();
    }
  }
  return llvm::sys::getHostCPUName().str();
}

std::string frit::driver::versionText() {
  std::string targets = llvm::join(compilableMachines(), ", ");
  mlir::MLIRContext context;
  std::string features;
  if (Result<machine::TargetAttr> target = readMachine("native", context))
    for (mlir::StringAttr feature : target->getFeatures())
      features += " " + feature.getValue().str();
  return "frit " FRIT_VERSION "\n"
         "LLVM " LLVM_VERSION_STRING "\n"
         "targets: " +
         targets + "\nCPU: " + hostName() + " (" + llvm::sys::getHostCPUName().str() +
         "), native target " + detectMachine() + "\nCPU features in use:" + features + "\n";
}

std::string frit::driver::compilerIdentity() {
  std::string text = "frit " FRIT_VERSION " LLVM " LLVM_VERSION_STRING;
  std::string executable = llvm::sys::fs::getMainExecutable(nullptr, nullptr);
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(executable, status))
    text += " " + std::to_string(status.getSize()) + " " +
            std::to_string(status.getLastModificationTime().time_since_epoch().count());
  return text + " " + llvm::join(hostFeatures(), " ");
}
