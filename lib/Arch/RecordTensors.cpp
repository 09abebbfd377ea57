//===- RecordTensors.cpp - a record's tensors -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/RecordReader.h"

using namespace frit;
using llvm::StringRef;

static std::optional<Role> findRole(StringRef keyword) {
  for (const RoleInfo &info : roleInfos)
    if (info.keyword == keyword)
      return info.role;
  return std::nullopt;
}

/// Of one or of both origins.
void RecordReader::readRows(const llvm::json::Value &json, const std::string &place,
                            ByOrigin<std::optional<FusedRows>> &rows) {
  auto read = [&](const llvm::json::Value *value, const std::string &inside) {
    ObjectReader object(problem, value, inside);
    FusedRows result;
    object.require("from");
    object.require("of");
    object.readExpression("from", result.from);
    object.readExpression("of", result.of);
    object.readExpression("groups", result.groups);
    object.finish();
    return result;
  };
  ObjectReader object(problem, &json, place);
  const llvm::json::Value *gguf = object.find("gguf");
  const llvm::json::Value *huggingFace = object.find("huggingface");
  if (gguf)
    rows[Origin::GGUF] = read(gguf, object.inside("gguf"));
  if (huggingFace)
    rows[Origin::HuggingFace] = read(huggingFace, object.inside("huggingface"));
  if (gguf || huggingFace)
    object.finish();
  else
    rows[Origin::GGUF] = rows[Origin::HuggingFace] = read(&json, place);
}

void RecordReader::readTensor(const llvm::json::Value &json, const RoleInfo &info) {
  ObjectReader object(problem, &json, ("tensors." + info.keyword).str());
  TensorSpec spec;
  object.readText("gguf", spec.names[Origin::GGUF]);
  object.readText("huggingface", spec.names[Origin::HuggingFace]);
  for (const llvm::json::Value &dimension : object.elements("shape"))
    spec.shape.push_back(object.asExpression("shape", dimension));
  object.readBool("optional", spec.optional);
  if (const llvm::json::Value *condition = object.find("if"))
    spec.saysIf = object.asExpression("if", *condition);
  if (const llvm::json::Value *fallback = object.find("default")) {
    std::string keyword = object.asText("default", *fallback);
    spec.fallback = findRole(keyword);
    if (!spec.fallback)
      object.fail("default", "there is no role '" + keyword + "'");
    else if (const RoleInfo &other = roleInfos[static_cast<unsigned>(*spec.fallback)];
             other.role >= info.role || other.inLayer() != info.inLayer() ||
             (other.use == RoleUse::Matrices) != (info.use == RoleUse::Matrices))
      object.fail("default", "'" + keyword + "' cannot stand in for '" + info.keyword + "'");
  }
  object.readExpression("tied", spec.tied);
  if (object.find("tied") && !spec.fallback)
    object.fail("tied", "expected 'default' beside it");
  if (const llvm::json::Value *rows = object.find("rows"))
    readRows(*rows, object.inside("rows"), spec.rows);
  object.finish();

  StringRef gguf = spec.names[Origin::GGUF], huggingFace = spec.names[Origin::HuggingFace];
  if (gguf.empty() && huggingFace.empty())
    object.fail("", "expected at least one of gguf and huggingface");
  for (auto [key, name] : {std::pair(StringRef("gguf"), gguf), {"huggingface", huggingFace}})
    if (!name.empty() && name.contains("{layer}") != info.inLayer())
      object.fail(key, info.inLayer() ? "expected {layer} in it" : "expected no {layer} in it");
  bool isExperts = info.use == RoleUse::Matrices;
  if (isExperts ? spec.shape.size() != 3 : spec.shape.size() != 1 && spec.shape.size() != 2)
    object.fail("shape",
                isExperts ? "expected three dimensions" : "expected one or two dimensions");
  if (!isExperts && (gguf.contains("{expert}") || huggingFace.contains("{expert}")))
    object.fail("", "expected no {expert} in the names");
  if (isExperts && (spec.rows[Origin::GGUF] || spec.rows[Origin::HuggingFace]))
    object.fail("rows", "matrices of experts are not parts of others");
  if (spec.saysIf && !spec.optional)
    object.fail("if", "expected 'optional' beside it");
  if (spec.optional && info.necessary)
    object.fail("optional", "no model does without it");
  record.tensors[static_cast<unsigned>(info.role)] = std::move(spec);
}

void RecordReader::readTensors(const llvm::json::Value *json) {
  ObjectReader object(problem, json, "tensors");
  for (const RoleInfo &info : roleInfos) {
    if (const llvm::json::Value *tensor = object.find(info.keyword))
      readTensor(*tensor, info);
    else if (info.necessary)
      object.fail(info.keyword, "is missing");
  }
  object.finish();
}
