//===- RecordReader.h - an ArchRecord from the JSON that is like no other -===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_ARCH_RECORDREADER_H
#define FRIT_LIB_ARCH_RECORDREADER_H

#include "lib/Arch/ArchRecord.h"
#include "lib/Arch/ObjectReader.h"

namespace frit {

/// Fills in an ArchRecord.
class RecordReader {
public:
  explicit RecordReader(ArchRecord &record) : record(record) {}

  Status read(const llvm::json::Value &json);

private:
  void readHyperparameters(const llvm::json::Value *json);
  void readFallback(ObjectReader &object, ByOrigin<std::optional<Expression>> &fallback);
  void readHyperparameter(const llvm::json::Value &json, llvm::StringRef name);
  void readTensors(const llvm::json::Value *json);
  void readTensor(const llvm::json::Value &json, const RoleInfo &info);
  void readExperts(ObjectReader &top);
  void readRows(const llvm::json::Value &json, const std::string &place,
                ByOrigin<std::optional<FusedRows>> &rows);
  void readKnobs(ObjectReader &top);
  void readRope(ObjectReader &top);
  void readRopeScaling(ObjectReader &rope);
  void readActivation(ObjectReader &ffn);
  void readRefusals(ObjectReader &top);

  void checkNames();
  void checkNames(llvm::StringRef place, const Expression &expression);
  void checkCycles();

  ArchRecord &record;
  FirstProblem problem;
};

} // namespace frit

#endif // FRIT_LIB_ARCH_RECORDREADER_H
