//===- RecordReader.cpp - a record's fields, and whether they agree -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/RecordReader.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

using namespace frit;
using llvm::StringRef;

/// For both origins, or an object with one for each that has any.
void RecordReader::readFallback(ObjectReader &object,
                                ByOrigin<std::optional<Expression>> &fallback) {
  const llvm::json::Value *json = object.find("default");
  if (json && json->getAsObject()) {
    ObjectReader byOrigin(problem, json, object.inside("default"));
    if (const llvm::json::Value *value = byOrigin.find("gguf"))
      fallback[Origin::GGUF] = byOrigin.asExpression("gguf", *value);
    if (const llvm::json::Value *value = byOrigin.find("huggingface"))
      fallback[Origin::HuggingFace] = byOrigin.asExpression("huggingface", *value);
    byOrigin.finish();
  } else if (json) {
    fallback[Origin::GGUF] = fallback[Origin::HuggingFace] = object.asExpression("default", *json);
  }
}

void RecordReader::readHyperparameter(const llvm::json::Value &json, StringRef name) {
  ObjectReader object(problem, &json, ("hyperparameters." + name).str());
  Hyperparameter parameter;
  parameter.name = name.str();
  object.readNames(parameter.keys);
  object.readText("length_of", parameter.lengthOf);
  object.readChoice<ValueKind>("is", parameter.kind,
                               {{"count", ValueKind::Count},
                                {"size", ValueKind::Size},
                                {"positive", ValueKind::Positive},
                                {"nonnegative", ValueKind::NonNegative},
                                {"number", ValueKind::Number},
                                {"flag", ValueKind::Flag}});
  object.readBool("per_layer", parameter.perLayer);
  if (const llvm::json::Value *choices = object.find("choices")) {
    ObjectReader list(problem, choices, object.inside("choices"));
    for (const std::string &text : list.keys())
      parameter.choices.emplace_back(text, list.asExpression(text, *list.find(text)));
  }
  if (const llvm::json::Value *others = object.find("others"))
    parameter.others = object.asExpression("others", *others);
  readFallback(object, parameter.fallback);
  object.readText("what", parameter.what);
  object.readText("instead", parameter.instead);
  object.finish();

  bool hasKey =
      llvm::any_of(parameter.keys.values, [](const Names &keys) { return !keys.empty(); });
  bool hasFallback = parameter.fallback[Origin::GGUF] || parameter.fallback[Origin::HuggingFace];
  if (!hasKey && parameter.lengthOf.empty() && !hasFallback)
    object.fail("", "expected at least one of gguf, huggingface, length_of and default");
  if (!parameter.choices.empty() && !parameter.others &&
      (parameter.what.empty() || parameter.instead.empty()))
    object.fail("", "expected 'others', or 'what' and 'instead', beside choices");
  if (parameter.others && parameter.choices.empty())
    object.fail("others", "expected 'choices' beside it");
  if (name == "layer" || name == "gguf" || Expression::isFunction(name))
    object.fail("", "this name has a meaning in expressions");
  record.hyperparameters.push_back(std::move(parameter));
}

void RecordReader::readHyperparameters(const llvm::json::Value *json) {
  ObjectReader object(problem, json, "hyperparameters");
  for (const std::string &name : object.keys())
    readHyperparameter(*object.find(name), name);
  for (StringRef name : necessaryHyperparameters())
    if (!record.findHyperparameter(name))
      object.fail(name, "is missing");
}

void RecordReader::readRefusals(ObjectReader &top) {
  unsigned index = 0;
  for (const llvm::json::Value &element : top.elements("refuse")) {
    ObjectReader object(problem, &element, "refuse[" + std::to_string(index++) + "]");
    Refusal refusal;
    object.readTexts("keys", refusal.keys);
    object.readTexts("tensors", refusal.tensors);
    for (const llvm::json::Value &value : object.elements("except")) {
      if (value.getAsObject() || value.getAsArray() || value.getAsNull())
        object.fail("except", "expected numbers, texts, true and false");
      else if (std::optional<StringRef> text = value.getAsString())
        refusal.except.push_back(text->str());
      else
        refusal.except.push_back(llvm::formatv("{0}", value).str());
    }
    object.readText("what", refusal.what);
    object.readText("instead", refusal.instead);
    object.finish();
    if (refusal.keys.empty() && refusal.tensors.empty())
      object.fail("", "expected keys or tensors");
    if (refusal.what.empty() || refusal.instead.empty())
      object.fail("", "expected 'what' and 'instead'");
    record.refusals.push_back(std::move(refusal));
  }
}

void RecordReader::checkNames(StringRef place, const Expression &expression) {
  for (const std::string &name : expression.names())
    if (name != "layer" && name != "gguf" && !record.findHyperparameter(name))
      problem.fail(place, "'" + expression.text() + "' uses '" + name +
                              "', which is no hyperparameter of the record");
}

void RecordReader::checkNames() {
  for (const Hyperparameter &parameter : record.hyperparameters) {
    std::string place = "hyperparameters." + parameter.name;
    for (const std::optional<Expression> &fallback : parameter.fallback.values)
      if (fallback)
        checkNames(place, *fallback);
    if (parameter.others)
      checkNames(place + ".others", *parameter.others);
    for (const auto &[text, expression] : parameter.choices)
      checkNames(place + ".choices." + text, expression);
  }
  for (const RoleInfo &info : roleInfos)
    if (const TensorSpec *spec = record.tensor(info.role)) {
      std::string place = ("tensors." + info.keyword).str();
      for (const Expression &dimension : spec->shape)
        checkNames(place, dimension);
      checkNames(place, spec->tied);
      if (spec->saysIf)
        checkNames(place, *spec->saysIf);
      for (const std::optional<FusedRows> &rows : spec->rows.values)
        if (rows)
          for (const Expression *number : {&rows->from, &rows->of, &rows->groups})
            checkNames(place, *number);
    }
  for (const auto &[name, scaling] : record.ropeScalings)
    for (const Expression *parameter :
         {&scaling.factor, &scaling.lowFrequency, &scaling.highFrequency, &scaling.betaFast,
          &scaling.betaSlow})
      checkNames("rope.scaling.kinds." + name, *parameter);
  checkNames("norm.eps", record.normEps);
  checkNames("norm.offset", record.normOffset);
  checkNames("attention.scale", record.attentionScale);
  checkNames("attention.softcap", record.attentionSoftcap);
  checkNames("attention.window", record.attentionWindow);
  checkNames("rope.dim", record.ropeDim);
  checkNames("rope.theta", record.ropeTheta);
  checkNames("rope.original_context", record.ropeOriginalContext);
  checkNames("rope.magnitude", record.ropeMagnitude);
  checkNames("experts.count", record.expertCount);
  checkNames("experts.used", record.expertsUsed);
  checkNames("experts.shared", record.sharedExperts);
  checkNames("experts.normalize", record.expertsNormalize);
  checkNames("experts.scale", record.expertsScale);
  checkNames("embedding.scale", record.embeddingScale);
  checkNames("residual.scale", record.residualScale);
  checkNames("residual.parallel", record.residualParallel);
  checkNames("logits.scale", record.logitsScale);
  checkNames("logits.softcap", record.logitsSoftcap);
}

/// A hyperparameter may need others, but not itself. Removes those that need nothing that is left
/// until none can be removed; what stays needs itself.
void RecordReader::checkCycles() {
  std::vector<std::pair<std::string, std::vector<std::string>>> left;
  for (const Hyperparameter &parameter : record.hyperparameters) {
    std::vector<std::string> needs;
    for (const std::optional<Expression> &fallback : parameter.fallback.values)
      if (fallback)
        llvm::append_range(needs, fallback->names());
    if (parameter.others)
      llvm::append_range(needs, parameter.others->names());
    for (const auto &choice : parameter.choices)
      llvm::append_range(needs, choice.second.names());
    left.emplace_back(parameter.name, std::move(needs));
  }
  llvm::StringSet<> done;
  done.insert("layer");
  done.insert("gguf");
  size_t before;
  do {
    before = left.size();
    llvm::erase_if(left, [&](const auto &entry) {
      bool ready = llvm::all_of(entry.second, [&](StringRef name) { return done.contains(name); });
      if (ready)
        done.insert(entry.first);
      return ready;
    });
  } while (left.size() < before);
  if (!left.empty())
    problem.fail("hyperparameters." + left.front().first, "its value needs itself");
}

Status RecordReader::read(const llvm::json::Value &json) {
  ObjectReader top(problem, &json, "");
  if (top.exists()) {
    top.readText("name", record.name);
    top.readText("description", record.description);
    top.find("like"); // Resolved before.
    std::string schema;
    top.readText("$schema", schema); // For editors.
    top.readNames(record.architectures);
    readHyperparameters(top.require("hyperparameters"));
    readTensors(top.require("tensors"));
    readKnobs(top);
    ObjectReader ignore(problem, top.find("ignore"), "ignore");
    ignore.readTexts("keys", record.ignoredKeys);
    ignore.readTexts("tensors", record.ignoredTensors);
    ignore.finish();
    readRefusals(top);
    top.finish();
    if (record.name.empty())
      top.fail("name", "is missing");
  }
  if (!problem.exists()) {
    checkNames();
    checkCycles();
  }
  if (problem.exists())
    return problem.take();
  return {};
}
