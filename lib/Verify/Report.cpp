//===- Report.cpp - what frit verify prints --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Verify/Verify.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace frit;
using llvm::json::Array;
using llvm::json::Object;

bool VerifyReport::ok() const { return firstBad().empty(); }

std::string VerifyReport::firstBad() const {
  for (const Layer &layer : layers)
    if (!layer.ok())
      return layer.name;
  if (!layers.empty() && !logits.ok())
    return "distribution";
  for (const Phase &phase : phases)
    if (!phase.ok())
      return phase.name;
  return "";
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

static llvm::FormattedString padded(llvm::StringRef text, unsigned width) {
  return llvm::left_justify(text, width);
}

static std::string scientific(const VerifyError &error, double value) {
  if (error.row < 0)
    return "-";
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1e", value);
  return text;
}

static const char *verdict(bool ok) { return ok ? "ok" : "BAD"; }

void VerifyReport::printTable(llvm::raw_ostream &stream) const {
  auto cells = [&](std::initializer_list<std::string> texts) {
    for (const std::string &text : texts)
      stream << llvm::right_justify(text, 10);
  };
  if (!layers.empty()) {
    stream << "Layers: " << prefillTokens << " tokens together, then "
           << static_cast<int64_t>(tokens.size()) - prefillTokens << " one by one\n"
           << padded("", 10) << "   prefill     bound    decode     bound piling up\n";
    for (const Layer &layer : layers) {
      stream << padded(layer.name, 10);
      cells({scientific(layer.prefill, layer.prefill.error),
             scientific(layer.prefill, layer.prefill.bound),
             scientific(layer.decode, layer.decode.error),
             scientific(layer.decode, layer.decode.bound)});
      stream << llvm::format("%10.1e", layer.accumulated) << "  " << verdict(layer.ok());
      if (!layer.problem.empty())
        stream << ": " << layer.problem;
      stream << "\n";
    }
    stream << "Distribution: divergence " << llvm::format("%.1e", logits.divergence);
    if (logits.isJudged)
      stream << ", at most " << llvm::format("%.1e", logits.maxDivergence);
    stream << " (the graph in f32: " << llvm::format("%.1e", logits.unfusedDivergence)
           << "); logits are up to " << llvm::format("%.1e", logits.maxDifference)
           << " of the largest apart  "
           << (logits.isJudged ? verdict(logits.ok()) : "not judged: --tokens") << "\n";
  }
  if (!phases.empty()) {
    size_t width = 8;
    for (const Phase &phase : phases)
      width = std::max(width, phase.name.size() + 2);
    auto wide = static_cast<unsigned>(width);
    stream << (layers.empty() ? "" : "\n") << padded("Phases", wide)
           << "     cases     error     bound  nearest to its bound\n";
    for (const Phase &phase : phases) {
      stream << padded(phase.name, wide);
      cells({std::to_string(phase.cases), scientific(phase.worst, phase.worst.error),
             scientific(phase.worst, phase.worst.bound)});
      stream << "  " << verdict(phase.ok()) << ": " << phase.worstCase << "\n";
      for (const std::string &failure : phase.failures)
        stream << "    " << failure << "\n";
    }
  }
  for (const std::string &note : notes)
    stream << "Note: " << note << "\n";
  if (ok())
    stream << "All results are within their bounds.\n";
  else
    stream << "First bad: " << firstBad() << "\n";
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

/// JSON has no infinities.
static llvm::json::Value number(double value) {
  return std::isfinite(value) ? llvm::json::Value(value) : llvm::json::Value(nullptr);
}

static llvm::json::Value toJSON(const VerifyError &error) {
  if (error.row < 0)
    return nullptr;
  return Object{{"error", number(error.error)},
                {"bound", number(error.bound)},
                {"unfused", number(error.unfused)},
                {"token", error.row},
                {"ok", error.ok()}};
}

void VerifyReport::printJSON(llvm::raw_ostream &stream) const {
  Array layerList, phaseList, noteList, tokenList;
  for (const Layer &layer : layers)
    layerList.push_back(Object{{"name", layer.name},
                               {"prefill", toJSON(layer.prefill)},
                               {"decode", toJSON(layer.decode)},
                               {"accumulated", number(layer.accumulated)},
                               {"problem", layer.problem},
                               {"ok", layer.ok()}});
  for (const Phase &phase : phases) {
    Array failures;
    for (const std::string &failure : phase.failures)
      failures.push_back(failure);
    phaseList.push_back(Object{{"name", phase.name},
                               {"cases", phase.cases},
                               {"worst", toJSON(phase.worst)},
                               {"worst_case", phase.worstCase},
                               {"failures", std::move(failures)},
                               {"ok", phase.ok()}});
  }
  for (const std::string &note : notes)
    noteList.push_back(note);
  for (int32_t token : tokens)
    tokenList.push_back(token);
  Object report{{"ok", ok()},
                {"first_bad", ok() ? llvm::json::Value(nullptr) : llvm::json::Value(firstBad())},
                {"tokens", std::move(tokenList)},
                {"prefill_tokens", prefillTokens},
                {"layers", std::move(layerList)},
                {"phases", std::move(phaseList)},
                {"notes", std::move(noteList)}};
  if (!layers.empty())
    report["logits"] =
        Object{{"max_difference", number(logits.maxDifference)},
               {"divergence", number(logits.divergence)},
               {"max_divergence", logits.isJudged ? number(logits.maxDivergence) : nullptr},
               {"unfused_divergence", number(logits.unfusedDivergence)},
               {"ok", logits.ok()}};
  stream << llvm::formatv("{0:2}", llvm::json::Value(std::move(report))) << "\n";
}
