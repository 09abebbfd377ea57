//===- RecordKnobs.cpp - a record's knobs ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/RecordReader.h"

using namespace frit;
using llvm::StringLiteral;
using llvm::StringRef;

void RecordReader::readRopeScaling(ObjectReader &rope) {
  const llvm::json::Value *json = rope.find("scaling");
  if (!json)
    return;
  ObjectReader scaling(problem, json, rope.inside("scaling"));
  scaling.readNames(record.ropeScalingKeys);
  const llvm::json::Value *fallback = scaling.find("default");
  if (fallback && fallback->getAsObject()) {
    ObjectReader byOrigin(problem, fallback, scaling.inside("default"));
    byOrigin.readText("gguf", record.ropeScalingFallback[Origin::GGUF]);
    byOrigin.readText("huggingface", record.ropeScalingFallback[Origin::HuggingFace]);
    byOrigin.finish();
  } else {
    scaling.readText("default", record.ropeScalingFallback[Origin::GGUF]);
    record.ropeScalingFallback[Origin::HuggingFace] = record.ropeScalingFallback[Origin::GGUF];
  }
  ObjectReader kinds(problem, scaling.require("kinds"), scaling.inside("kinds"));
  for (const std::string &name : kinds.keys()) {
    ObjectReader object(problem, kinds.find(name), kinds.inside(name));
    RopeScaling kind;
    object.require("kind");
    object.readChoice<RopeScalingKind>("kind", kind.kind,
                                       {{"none", RopeScalingKind::None},
                                        {"linear", RopeScalingKind::Linear},
                                        {"llama3", RopeScalingKind::Llama3},
                                        {"yarn", RopeScalingKind::YaRN},
                                        {"longrope", RopeScalingKind::LongRope}});
    object.readExpression("factor", kind.factor);
    object.readExpression("low_frequency", kind.lowFrequency);
    object.readExpression("high_frequency", kind.highFrequency);
    object.readExpression("beta_fast", kind.betaFast);
    object.readExpression("beta_slow", kind.betaSlow);
    object.finish();
    record.ropeScalings.emplace_back(name, std::move(kind));
  }
  scaling.finish();
  for (const std::string &name : record.ropeScalingFallback.values)
    if (!name.empty() &&
        llvm::none_of(record.ropeScalings, [&](const auto &kind) { return kind.first == name; }))
      scaling.fail("default", "expected one of the kinds, found '" + name + "'");
}

void RecordReader::readRope(ObjectReader &top) {
  const std::pair<StringLiteral, RopeOrder> orders[] = {{"halves", RopeOrder::Halves},
                                                        {"interleaved", RopeOrder::Interleaved}};
  ObjectReader rope(problem, top.find("rope"), "rope");
  const llvm::json::Value *pairs = rope.find("pairs");
  if (pairs && pairs->getAsObject()) {
    ObjectReader byOrigin(problem, pairs, rope.inside("pairs"));
    byOrigin.readChoice<RopeOrder>("gguf", record.ropeOrder[Origin::GGUF], orders);
    byOrigin.readChoice<RopeOrder>("huggingface", record.ropeOrder[Origin::HuggingFace], orders);
    byOrigin.finish();
  } else {
    rope.readChoice<RopeOrder>("pairs", record.ropeOrder[Origin::GGUF], orders);
    record.ropeOrder[Origin::HuggingFace] = record.ropeOrder[Origin::GGUF];
  }
  rope.readExpression("dim", record.ropeDim);
  rope.readExpression("theta", record.ropeTheta);
  readRopeScaling(rope);
  rope.readExpression("original_context", record.ropeOriginalContext);
  rope.readExpression("magnitude", record.ropeMagnitude);
  for (auto [key, names] : {std::pair(StringRef("factors"), &record.ropeFactors),
                            {"long_factors", &record.ropeLongFactors}}) {
    ObjectReader factors(problem, rope.find(key), rope.inside(key));
    factors.readNames(*names);
    factors.finish();
  }
  rope.finish();
}

void RecordReader::readActivation(ObjectReader &ffn) {
  const std::pair<StringLiteral, FfnActivation> activations[] = {
      {"silu", FfnActivation::SiLU},
      {"gelu", FfnActivation::GELU},
      {"gelu_tanh", FfnActivation::GELUTanh},
      {"relu", FfnActivation::ReLU},
      {"relu_squared", FfnActivation::ReLUSquared}};
  const llvm::json::Value *json = ffn.find("activation");
  if (!json || !json->getAsObject())
    return ffn.readChoice<FfnActivation>("activation", record.activation, activations);
  ObjectReader object(problem, json, ffn.inside("activation"));
  object.readNames(record.activationKeys);
  object.readChoice<FfnActivation>("default", record.activation, activations);
  ObjectReader choices(problem, object.require("choices"), object.inside("choices"));
  for (const std::string &name : choices.keys()) {
    FfnActivation activation = FfnActivation::SiLU;
    choices.readChoice<FfnActivation>(name, activation, activations);
    record.activationChoices.emplace_back(name, activation);
  }
  object.finish();
}

void RecordReader::readExperts(ObjectReader &top) {
  const llvm::json::Value *json = top.find("experts");
  ObjectReader experts(problem, json, "experts");
  if (json) {
    experts.require("count");
    experts.require("used");
    for (Role role : {Role::FfnGateInp, Role::FfnGateExps, Role::FfnUpExps, Role::FfnDownExps})
      if (record.uses(role) && !record.tensor(role))
        experts.fail("", "expected a tensor '" + roleKeyword(role) + "'");
  }
  experts.readExpression("count", record.expertCount);
  experts.readExpression("used", record.expertsUsed);
  experts.readExpression("shared", record.sharedExperts);
  experts.readExpression("normalize", record.expertsNormalize);
  experts.readExpression("scale", record.expertsScale);
  experts.readChoice<ExpertScoring>(
      "scoring", record.expertScoring,
      {{"softmax", ExpertScoring::Softmax}, {"sigmoid", ExpertScoring::Sigmoid}});
  experts.finish();
}

void RecordReader::readKnobs(ObjectReader &top) {
  ObjectReader norm(problem, top.require("norm"), "norm");
  norm.readChoice<NormShape>("kind", record.normShape,
                             {{"rms", NormShape::RMS}, {"layer", NormShape::Layer}});
  norm.readExpression("eps", record.normEps);
  norm.readExpression("offset", record.normOffset);
  norm.finish();

  ObjectReader attention(problem, top.require("attention"), "attention");
  attention.readExpression("scale", record.attentionScale);
  attention.readExpression("softcap", record.attentionSoftcap);
  attention.readExpression("window", record.attentionWindow);
  attention.readChoice<QKNorm>("qk_norm", record.qkNorm,
                               {{"none", QKNorm::None},
                                {"before_rope", QKNorm::BeforeRope},
                                {"after_rope", QKNorm::AfterRope}});
  attention.finish();

  readRope(top);

  ObjectReader ffn(problem, top.require("ffn"), "ffn");
  ffn.readChoice<FfnKind>("kind", record.ffnKind, {{"glu", FfnKind::GLU}, {"mlp", FfnKind::MLP}});
  readActivation(ffn);
  ffn.finish();
  if (record.uses(Role::FfnGate)) {
    const TensorSpec *gate = record.tensor(Role::FfnGate);
    if (!gate)
      problem.fail("tensors.ffn_gate", "is missing, and ffn.kind is glu");
    else if (gate->optional)
      problem.fail("tensors.ffn_gate.optional", "no FFN of kind glu does without it");
  }

  readExperts(top);

  ObjectReader embedding(problem, top.find("embedding"), "embedding");
  embedding.readExpression("scale", record.embeddingScale);
  embedding.finish();

  ObjectReader residual(problem, top.find("residual"), "residual");
  residual.readExpression("scale", record.residualScale);
  residual.readExpression("parallel", record.residualParallel);
  residual.finish();

  ObjectReader logits(problem, top.find("logits"), "logits");
  logits.readExpression("scale", record.logitsScale);
  logits.readExpression("softcap", record.logitsSoftcap);
  logits.finish();

  auto hasTensor = [&](Role role) { return record.tensor(role) != nullptr; };
  if (record.qkNorm == QKNorm::None && (hasTensor(Role::AttnQNorm) || hasTensor(Role::AttnKNorm)))
    attention.fail("qk_norm", "expected before_rope or after_rope, as there are tensors for it");
  if (record.normShape == NormShape::RMS)
    for (Role bias : {Role::OutputNormBias, Role::AttnNormBias, Role::FfnNormBias})
      if (hasTensor(bias))
        norm.fail("kind", "an rms norm has no " + roleKeyword(bias));
}
