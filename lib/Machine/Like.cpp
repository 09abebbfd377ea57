//===- Like.cpp - descriptions that are like others ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Machine/Like.h"

#include "lib/Support/JSON.h"

using namespace frit;
using namespace frit::machine;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

/// Two elements of a list are of the same thing when these fields of them are equal.
static llvm::ArrayRef<StringRef> identityOf(StringRef list) {
  static constexpr StringRef name[] = {"name"}, ends[] = {"from", "to"};
  if (list == "memories" || list == "instructions")
    return name;
  if (list == "datapaths")
    return ends;
  return {};
}

static bool sameThing(const Value &a, const Value &b, llvm::ArrayRef<StringRef> identity) {
  const Object *first = a.getAsObject(), *second = b.getAsObject();
  return first && second && llvm::all_of(identity, [&](StringRef key) {
           std::optional<StringRef> text = first->getString(key);
           return text && text == second->getString(key);
         });
}

static void mergePatch(Object &base, const Object &changes);

/// New elements come behind the one before them in `changes`, or behind all.
static void mergeList(Array &base, const Array &changes, llvm::ArrayRef<StringRef> identity) {
  size_t place = base.size();
  for (const Value &change : changes) {
    auto same =
        llvm::find_if(base, [&](const Value &old) { return sameThing(old, change, identity); });
    if (identity.empty() || same == base.end()) {
      base.insert(base.begin() + static_cast<std::ptrdiff_t>(place), change);
    } else {
      place = static_cast<size_t>(same - base.begin());
      mergePatch(*same->getAsObject(), *change.getAsObject());
    }
    ++place;
  }
}

/// A rate per second is the same figure as one per cycle.
static void eraseOtherUnit(Object &base, StringRef key) {
  StringRef stem = key;
  if (stem.consume_back("per_second")) {
    base.erase((stem + "per_cycle").str());
    // An instruction begins so often per cycle, or does so many operations per second.
    if (stem == "ops_")
      base.erase("per_cycle");
  } else if (stem.consume_back("per_cycle")) {
    base.erase((stem.empty() ? "ops_" : stem).str() + "per_second");
  }
}

static void mergePatch(Object &base, const Object &changes) {
  for (const auto &[key, value] : changes)
    eraseOtherUnit(base, key);
  for (const auto &[key, value] : changes) {
    if (value.kind() == Value::Null) {
      base.erase(key);
      continue;
    }
    llvm::ArrayRef<StringRef> identity = identityOf(key);
    const Array *list = value.getAsArray();
    if (Array *old = base.getArray(key);
        old && list && (!identity.empty() || key == "notes" || key == "claims")) {
      mergeList(*old, *list, identity);
      continue;
    }
    // A figure is another figure, not a change of one.
    const Object *inner = value.getAsObject();
    if (Object *old = base.getObject(key); old && inner && key == "sources")
      mergePatch(*old, *inner);
    else
      base[key] = value;
  }
}

/// `depth`: of how many that are like each other this is the last.
static Status resolve(Value &description, FindDescription find, unsigned depth) {
  // Long before that, a description is like itself.
  constexpr unsigned maxDepth = 8;
  Object *object = description.getAsObject();
  const Value *field = object ? object->get("like") : nullptr;
  if (!field)
    return {};
  std::optional<StringRef> name = field->getAsString();
  if (!name)
    return Failure("like: expected a text");
  std::optional<StringRef> text = find(*name);
  if (!text)
    return Failure("like: expected the name of a built-in description, but got ",
                   std::string_view(*name));
  if (depth == maxDepth)
    return Failure("like: expected an end of what descriptions are like, but got ",
                   std::string_view(*name), " again");
  Result<Value> base = parseJSON(*text);
  if (!base)
    return base.takeFailure();
  if (Status status = resolve(*base, find, depth + 1); !status)
    return status;
  Object *merged = base->getAsObject();
  if (!merged)
    return Failure("like: expected ", std::string_view(*name), " to be a JSON object");
  for (StringRef own : {"$schema", "name", "summary"})
    merged->erase(own);
  mergePatch(*merged, *object);
  merged->erase("like");
  description = *std::move(base);
  return {};
}

Status machine::resolveLike(Value &description, FindDescription find) {
  return resolve(description, find, 0);
}
