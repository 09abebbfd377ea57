//===- ArchRecord.cpp - architecture records from JSON --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/ArchRecord.h"

#include "lib/Arch/RecordReader.h"
#include "lib/Support/JSON.h"
#include "lib/Support/Printable.h"

#include <cmath>

using namespace frit;
using llvm::ArrayRef;
using llvm::StringLiteral;
using llvm::StringRef;

StringRef frit::roleKeyword(Role role) { return roleInfos[static_cast<unsigned>(role)].keyword; }

bool frit::isGate(Role role) {
  switch (role) {
  case Role::FfnGate:
  case Role::FfnGateBias:
  case Role::FfnGateExps:
  case Role::FfnGateShexp:
    return true;
  default:
    return false;
  }
}

StringRef frit::describe(ValueKind kind) {
  switch (kind) {
  case ValueKind::Count:
    return "a whole number from 1 to 2147483647";
  case ValueKind::Size:
    return "a whole number from 0 to 2147483647";
  case ValueKind::Positive:
    return "a number above 0";
  case ValueKind::NonNegative:
    return "a number of 0 or more";
  case ValueKind::Number:
    return "a number";
  case ValueKind::Flag:
    return "true or false";
  }
  llvm_unreachable("unknown kind");
}

bool frit::accepts(ValueKind kind, double value) {
  switch (kind) {
  case ValueKind::Count:
    return value >= 1 && value <= maxCount && value == std::floor(value);
  case ValueKind::Size:
    return value >= 0 && value <= maxCount && value == std::floor(value);
  case ValueKind::Positive:
    return std::isfinite(value) && value > 0;
  case ValueKind::NonNegative:
    return std::isfinite(value) && value >= 0;
  case ValueKind::Number:
    return std::isfinite(value);
  case ValueKind::Flag:
    return value == 0 || value == 1;
  }
  llvm_unreachable("unknown kind");
}

ArrayRef<StringLiteral> frit::necessaryHyperparameters() {
  static constexpr StringLiteral names[] = {"layers", "context_length", "hidden",   "vocabulary",
                                            "heads",  "kv_heads",       "head_dim", "value_dim"};
  return names;
}

const Hyperparameter *ArchRecord::findHyperparameter(StringRef name) const {
  auto found = llvm::lower_bound(hyperparameters, name, [](const Hyperparameter &h, StringRef n) {
    return StringRef(h.name) < n;
  });
  return found != hyperparameters.end() && found->name == name ? &*found : nullptr;
}

/// Lays `changes` over `base` as RFC 7396 (JSON merge patch) says: objects field by field, null
/// removes, everything else replaces. But lists in `ignore` and `refuse` grow.
static void mergePatch(llvm::json::Object &base, const llvm::json::Object &changes,
                       bool listsGrow = false) {
  for (const auto &[key, value] : changes) {
    if (value.kind() == llvm::json::Value::Null) {
      base.erase(key);
      continue;
    }
    bool grow = listsGrow || key == "ignore" || key == "refuse";
    const llvm::json::Array *list = value.getAsArray();
    if (llvm::json::Array *old = base.getArray(key); grow && list && old) {
      old->insert(old->end(), list->begin(), list->end());
      continue;
    }
    const llvm::json::Object *inner = value.getAsObject();
    if (!inner) {
      base[key] = value;
      continue;
    }
    if (!base.getObject(key))
      base[key] = llvm::json::Object();
    mergePatch(*base.getObject(key), *inner, grow);
  }
}

/// Puts what the record is like under it, that what it is like under that, ...
static Status resolveLike(llvm::json::Value &json, ArchRecord::FindRecord find, StringRef like) {
  // Long before that, a record is like itself.
  constexpr unsigned maxDepth = 8;
  std::vector<llvm::json::Value> chain = {std::move(json)};
  for (;; like = "") {
    const llvm::json::Object *record = chain.back().getAsObject();
    const llvm::json::Value *field = record ? record->get("like") : nullptr;
    if (!record || (!field && like.empty()))
      break;
    std::optional<StringRef> name = field ? field->getAsString() : like;
    if (!name)
      return Failure("like: expected a text");
    std::optional<StringRef> text = find(*name);
    if (!text)
      return Failure("like: there is no built-in record '", std::string_view(*name), "'");
    if (chain.size() > maxDepth)
      return Failure("like: expected an end of what records are like, found '",
                     std::string_view(*name), "' again");
    Result<llvm::json::Value> base = parseJSON(*text);
    if (!base)
      return base.takeFailure();
    if (!base->getAsObject())
      return Failure("like: '", std::string_view(*name), "' is no record");
    chain.push_back(*std::move(base));
  }
  // From below: what a record removes may come from any of those below it.
  json = std::move(chain.back());
  for (chain.pop_back(); !chain.empty(); chain.pop_back()) {
    llvm::json::Object &merged = *json.getAsObject();
    for (StringRef own : {"$schema", "name", "description", "gguf", "huggingface", "like"})
      merged.erase(own);
    mergePatch(merged, *chain.back().getAsObject());
    merged.erase("like");
  }
  return {};
}

static Result<llvm::json::Value> parseResolved(StringRef place, StringRef text,
                                               ArchRecord::FindRecord find, StringRef like) {
  Result<llvm::json::Value> json = parseJSON(text);
  if (!json)
    return json.takeFailure().in(place);
  if (Status status = resolveLike(*json, find, like); !status)
    return Failure(printable(status.error())).in(place);
  return json;
}

Result<std::string> ArchRecord::resolve(StringRef place, StringRef text, FindRecord find) {
  Result<llvm::json::Value> json = parseResolved(place, text, find, "");
  if (!json)
    return json.takeFailure();
  // LLVM prints keys in their alphabetical order.
  return llvm::formatv("{0:2}", *json).str();
}

Result<ArchRecord> ArchRecord::parse(StringRef place, StringRef text, FindRecord find,
                                     StringRef like) {
  Result<llvm::json::Value> json = parseResolved(place, text, find, like);
  if (!json)
    return json.takeFailure();
  ArchRecord record;
  if (Status status = RecordReader(record).read(*json); !status)
    return Failure(printable(status.error())).in(place);
  return record;
}
